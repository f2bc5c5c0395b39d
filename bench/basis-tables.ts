import { assumed, counted, refreshMs } from './operations.ts';
import { type Price, prices } from './prices.ts';
import { count, percent, table } from './report.ts';

const operationNames: Readonly<Record<keyof typeof counted, string>> = {
  idleRun: 'a run of `rotateTokens`, with nothing due',
  providerInRun: 'more for each provider with something due',
  handedOver: 'more for each connection that is handed over',
  batch: 'a task, beside its refreshes',
  refresh: 'a refresh',
  note: 'a note of use (policy `used`, once a day at the most)',
};

/** What `npm run count` counts. */
export function operationsOf(): string {
  const rows = Object.entries(operationNames).map(([name, title]) => {
    const cost = Object.entries(counted).find(([known]) => known === name)?.[1];
    return [title, String(cost?.reads ?? ''), String(cost?.writes ?? '')];
  });
  return table(['', 'reads', 'writes'], rows);
}

/** What nothing here can count. */
export function assumptionsOf(): string {
  const { providerMs, firestoreMs, processorMs, utilisation, outboundBytes, storedBytes } = assumed;
  return table(
    ['assumed', ''],
    [
      ['a provider answers within', `${providerMs} ms`],
      ['a round trip to Firestore', `${firestoreMs} ms, 3 per refresh: ${refreshMs} ms in all`],
      ['processor time of a refresh', `${processorMs} ms`],
      ['how busy instances get', percent(utilisation, 0)],
      ['sent to the provider per request, with its handshake', `${outboundBytes} bytes`],
      ['stored per connection, with its index entries', `${storedBytes} bytes`],
      ['`rotateTokens` runs for', `${assumed.runSeconds} s`],
    ],
  );
}

/** List prices, and where they were read. */
export function pricesOf(): string {
  const rows = Object.entries(prices).map(([name, price]: [string, Price]) => [
    name,
    `US$ ${price.usd} per ${price.per === 1 ? '' : `${count(price.per)} `}${price.unit}`,
    `[${new URL(price.source).host}](${price.source})${price.doubt === undefined ? '' : `; ${price.doubt}`}`,
  ]);
  const head = ['for', 'price', `where, read on ${prices.tasks.readAt}`];
  return table(head, rows).replace(/\| ---: \| ---: \|/, '| --- | --- |');
}
