import assert from 'node:assert/strict';
import { createCalendarQueue, createWaiting } from '../calendar-queue.ts';
import { billOf, firestoreOf, type Month, totalOf } from '../cost.ts';
import { counted } from '../operations.ts';
import { labelOf, plot } from '../plot.ts';
import { prices } from '../prices.ts';
import { createRandom } from '../random.ts';
import { insert, table } from '../report.ts';

const nothing: Month = {
  connections: 0,
  providers: 1,
  rotated: 0,
  byCallers: 0,
  notes: 0,
  dated: 0,
  batches: 0,
  batchSeconds: 0,
};

describe('the parts of the simulation', () => {
  it('a calendar gives each item in its minute, once', () => {
    const queue = createCalendarQueue(10, 5);
    for (const [item, minute] of [
      [1, 3],
      [2, 0],
      [3, 3],
      [4, 9],
    ] as const) {
      queue.add(item, minute);
    }
    const days = [0, 1, 2, 3, 4].map((minute) => {
      const found: number[] = [];
      queue.drain(minute, (item) => found.push(item));
      return found.sort();
    });
    assert.deepEqual(days, [[2], [], [], [1, 3], []]);
    queue.drain(3, () => assert.fail('It came twice.'));
  });

  it('who waits is served in order, and goes back to where he stood', () => {
    const nexts = new Int32Array(5);
    const [one, other] = [createWaiting(nexts), createWaiting(nexts)];
    for (const item of [0, 2, 4]) one.push(item);
    for (const item of [1, 3]) other.push(item);
    const first = one.shift();
    assert.equal(first, 0);
    one.unshift(first);
    assert.deepEqual([one.shift(), one.shift(), one.shift(), one.shift()], [0, 2, 4, undefined]);
    assert.deepEqual([other.shift(), other.length, other.shift(), other.length], [1, 1, 3, 0]);
    one.push(2);
    assert.equal(one.shift(), 2);
  });

  it('the dice are even', () => {
    const random = createRandom(3);
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i += 1) {
      const tenth = Math.floor(random() * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const many of tenths) assert.ok(Math.abs(many - 10_000) < 500, tenths.join());
  });

  it('a million refreshes more cost what they read and write, at the list price', () => {
    const before = firestoreOf(nothing);
    const after = firestoreOf({ ...nothing, rotated: 1_000_000 });
    const { handedOver, refresh } = counted;
    assert.equal(after.reads - before.reads, (handedOver.reads + refresh.reads) * 1_000_000);
    assert.equal(after.writes - before.writes, refresh.writes * 1_000_000);
    const bill = billOf({ ...nothing, rotated: 1_000_000 }, 'shared');
    const idle = billOf(nothing, 'shared');
    const writes = (bill.firestoreWrites - idle.firestoreWrites) * 100_000;
    assert.ok(Math.abs(writes - prices.firestoreWrites.usd * 2_000_000) < 1e-6);
    // Two reads and two writes: 0.30 $ + 0.60 $ + 1.80 $ ... in US$ per million, by hand.
    const firestore = bill.firestoreReads + bill.firestoreWrites - idle.firestoreReads;
    assert.equal(firestore.toFixed(2), '2.40');
  });

  it('an instance per task is never cheaper than shared ones', () => {
    for (const batchSeconds of [0, 1e4, 1e7]) {
      const month = { ...nothing, rotated: 1e6, byCallers: 1e5, batches: 1e4, batchSeconds };
      assert.ok(totalOf(billOf(month, 'alone')) >= totalOf(billOf(month, 'shared')));
    }
  });

  it('a plot stays within its picture, names its axes and is well-formed', () => {
    const svg = plot({
      title: 'A < B & "C"',
      x: { label: 'hours' },
      y: { label: 'refreshes', isLogarithmic: true },
      series: [
        { name: 'one', points: Array.from({ length: 5_000 }, (_, x) => [x, x * x]) },
        { name: 'other', points: [[0, 5]] },
      ],
      marks: [{ y: 100, label: 'mean' }],
    });
    assert.match(svg, /A &lt; B &amp; "C"/);
    for (const text of ['hours', 'refreshes', 'one', 'other', 'mean']) {
      assert.ok(svg.includes(`>${text}</text>`), text);
    }
    const [, path = ''] = /<path[^>]* d="M([^"]+)"/.exec(svg) ?? [];
    const points = path.split('L').map((point) => point.split(' ').map(Number));
    assert.ok(points.length > 100 && points.length <= 1_000, String(points.length));
    for (const [x = -1, y = -1] of points) {
      assert.ok(x >= 0 && x <= 860 && y >= 0 && y <= 380, `${x} ${y}`);
    }
    const open = svg.match(/<[a-z]+[^>]*[^/]>/g) ?? [];
    const closed = svg.match(/<\/[a-z]+>/g) ?? [];
    assert.equal(open.length, closed.length);
  });

  it('numbers on axes are short', () => {
    assert.deepEqual([0, 0.5, 950, 25_000, 2_500_000].map(labelOf), [
      '0',
      '0.5',
      '950',
      '25k',
      '2.5M',
    ]);
  });

  it('texts go into their places and nowhere else', () => {
    const document = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n';
    const text = table(['h', 'n'], [['r', '1']]);
    assert.equal(
      insert(document, { x: text }),
      'a\n<!-- x -->\n\n| h | n |\n| --- | ---: |\n| r | 1 |\n\n<!-- /x -->\nb\n',
    );
    assert.equal(insert(insert(document, { x: '1' }), { x: '2' }), insert(document, { x: '2' }));
    assert.throws(() => insert(document, { y: '' }), /no place for y/);
  });
});
