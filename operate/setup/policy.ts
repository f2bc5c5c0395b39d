import { setTimeout } from 'node:timers/promises';
import { isRecord } from '../../sandbox/http/body.ts';
import {
  type GoogleApi,
  GoogleApiError,
  ifThere,
  type Json,
  listOf,
  type Service,
  textOf,
} from '../google-api.ts';

/** Something that has an IAM policy. */
export interface Resource {
  readonly service: Service;
  /** `projects/p/secrets/s` */
  readonly name: string;
}

/** A role, and who has it; conditional ones say so. */
export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly isConditional: boolean;
}

const tries = 8;

/** Version 3 is the one that holds conditions; a lower one would drop them. */
async function read(api: GoogleApi, { service, name }: Resource): Promise<Json> {
  const query = '?options.requestedPolicyVersion=3';
  switch (service) {
    case 'secretmanager':
      return api(service, 'GET', `${name}:getIamPolicy${query}`);
    case 'iam':
      return api(service, 'POST', `${name}:getIamPolicy${query}`, {});
    default:
      return api(service, 'POST', `${name}:getIamPolicy`, {
        options: { requestedPolicyVersion: 3 },
      });
  }
}

/** Of a resource that is not there, none. */
export async function bindingsOf(api: GoogleApi, resource: Resource): Promise<Binding[]> {
  return listOf((await ifThere(read(api, resource))) ?? {}, 'bindings').map((binding) => ({
    role: textOf(binding, 'role'),
    members: membersOf(binding),
    isConditional: isRecord(binding['condition']),
  }));
}

/** Whether the member has the role without any condition. */
export function has(bindings: readonly Binding[], role: string, member: string): boolean {
  return bindings.some(
    (binding) =>
      binding.role === role && !binding.isConditional && binding.members.includes(member),
  );
}

/**
 * Gives a member a role and leaves all else as it is: read, change, write under the etag that was
 * read. Tries again where somebody else was faster, or a new account is not known everywhere yet.
 *
 * @throws GoogleApiError
 */
export async function grant(
  api: GoogleApi,
  resource: Resource,
  role: string,
  member: string,
  pauseMs: number,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const policy = await read(api, resource);
    const bindings = listOf(policy, 'bindings');
    const found = bindings.find((one) => one['role'] === role && !isRecord(one['condition']));
    const members = found === undefined ? [] : membersOf(found);
    if (members.includes(member)) return;
    const granted = { role, members: [...members, member] };
    const rest = bindings.filter((one) => one !== found);
    const next = { ...policy, version: 3, bindings: [...rest, granted] };
    try {
      const body = { policy: next };
      await api(resource.service, 'POST', `${resource.name}:setIamPolicy`, body);
      return;
    } catch (error) {
      const passes =
        error instanceof GoogleApiError &&
        (error.code === 'ABORTED' ||
          (error.code === 'INVALID_ARGUMENT' && /does not exist/.test(error.message)));
      if (!passes || attempt === tries) throw error;
      await setTimeout(pauseMs);
    }
  }
}

function membersOf(binding: Json): string[] {
  const { members } = binding;
  return Array.isArray(members) ? members.filter((one) => typeof one === 'string') : [];
}
