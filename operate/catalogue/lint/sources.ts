import type { Rule } from './finding.ts';

const dayMs = 86_400_000;

/** Facts about how tokens live come from somewhere, and were read not too long ago. */
export const sources: Rule = function* ({ entry, isImported }, { today, maxAgeDays }) {
  for (const [index, { url, readAt, via }] of entry.sources.entries()) {
    const where = `sources.${index}.readAt`;
    const ageDays = (Date.parse(today) - Date.parse(readAt)) / dayMs;
    if (ageDays < -1) yield { where, what: 'is in the future' };
    if (ageDays > maxAgeDays) {
      yield { where, what: `is ${Math.floor(ageDays)} days ago: read it again`, isWarning: true };
    }
    if ([url, via ?? ''].some((text) => /^\/|\s\/\w/.test(text))) {
      yield {
        where: `sources.${index}`,
        what: 'names a path on one machine: say what others find',
      };
    }
  }
  const { life } = entry.provider;
  if (isImported || typeof life !== 'object' || life === null) return;
  const told = [...entry.sources.flatMap(({ facts }) => facts), ...entry.unsourced];
  for (const name of Object.keys(life)) {
    const isTold = new RegExp(`\\b${name}\\b`);
    if (!told.some((fact) => isTold.test(fact))) {
      const what = 'has no source: name it in the facts of one, or in unsourced';
      yield { where: `provider.life.${name}`, what };
    }
  }
};
