import { toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { type Route, routes } from '../triggers/routes.ts';
import * as answers from './answers.ts';
import { type Operation, operations } from './operations.ts';

/** Methods of the proxy, which takes any. */
const proxied = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;

const security = [{ idToken: [] }, { sessionCookie: [] }];
const serviceSecurity = [{ accessToken: [] }];

/** A route's path as OpenAPI has it: `/v1/connections/{id}`. */
export function templateOf({ path }: Pick<Route, 'path'>): string {
  return path.source
    .replace(/^\^|\$$/g, '')
    .replace(/\\(.)/g, '$1')
    .replace('(?<path>/.*)?', '/{path}')
    .replace(/\(\?<(\w+)>[^)]*\)/g, '{$1}');
}

/**
 * The REST API as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1): from the routes, and from the
 * schemas by which they judge what comes in.
 *
 * @throws Error for a route that no operation describes.
 */
export function openApiDocument() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const template = templateOf(route);
    const methods = route.method === undefined ? proxied : [route.method.toLowerCase()];
    for (const method of methods) {
      paths[template] = { ...paths[template], [method]: operationOf(route, template, method) };
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Strongroom',
      version: '1',
      description:
        "A user connects a third-party account once; the app's functions, and services that it " +
        "trusts, call that account's API on his behalf. Every operation works on the user's own " +
        'connections only.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Problem: schemaOf(answers.problem, 'output') },
      responses: {
        Problem: {
          description: 'A refusal, with its stable code (RFC 9457).',
          content: { 'application/problem+json': { schema: ref('schemas/Problem') } },
        },
      },
      securitySchemes: {
        idToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The ID token of a user of Firebase Authentication.',
        },
        sessionCookie: { type: 'apiKey', in: 'cookie', name: '__session' },
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The access token of a service (RFC 9068), with the scope that x-service-scope names; ' +
            'the header Strongroom-User names the user.',
        },
      },
    },
  };
}

function operationOf(route: Route, template: string, method: string) {
  const { scope } = route;
  const common = {
    security: scope === undefined ? security : [...security, ...serviceSecurity],
    ...(scope !== undefined && { 'x-service-scope': scope }),
  };
  if (route.method === undefined) return { ...common, ...proxyOperation(route.operation, method) };
  const operation = operations[route.operation];
  if (operation === undefined) throw new Error(`Nothing describes ${route.operation}.`);
  const { summary, takes, gives } = operation;
  const parameters = [...pathParameters(template), ...queryParameters(operation)];
  return {
    operationId: route.operation,
    summary,
    ...common,
    ...(parameters.length > 0 && { parameters }),
    ...(takes !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(takes, 'input') } },
      },
    }),
    responses: {
      200: {
        description: 'What was asked for.',
        content: { 'application/json': { schema: schemaOf(gives, 'output') } },
      },
      default: ref('responses/Problem'),
    },
  };
}

function proxyOperation(operation: string, method: string) {
  return {
    operationId: `${operation}-${method}`,
    summary: "Sends the request on to the provider's API as the user, and its answer back.",
    parameters: pathParameters('{id}{path}'),
    responses: {
      default: { description: "The API's answer, or a refusal as application/problem+json." },
    },
  };
}

const described: Readonly<Record<string, string>> = {
  id: 'The connection.',
  path: "Below the provider's API base URL; it may hold slashes.",
};

function pathParameters(template: string) {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: described[name] ?? name,
    schema: { type: 'string' },
  }));
}

/** Each once, as text: more is refused. */
function queryParameters({ query }: Operation) {
  const names = Object.keys(query?.entries ?? {});
  return names.map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
}

/** What a schema judges beyond what JSON Schema can say is left out. */
function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output') {
  const { $schema: _dialect, ...rest } = toJsonSchema(schema, {
    typeMode,
    errorMode: 'ignore',
    target: 'draft-2020-12',
  });
  return rest;
}

function ref(path: string) {
  return { $ref: `#/components/${path}` };
}
