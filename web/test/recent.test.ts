import { expect, test } from 'vitest'
import { Recent } from '../src/live/recent'
import { Rate } from '../src/live/rate'
import { rowsOf, type LineRow } from '../src/logs/row'

const SECOND = 1_000_000_000n
const rows = (...entries: [bigint, string][]): LineRow[] =>
  rowsOf([{ stream: { job: 'a' }, values: entries.map(([ns, line]) => [String(ns), line] as const) }])

test('begins again a little before the newest line', () => {
  const recent = new Recent()
  expect(recent.resumeNs('77')).toBe('77')
  recent.add(rows([100n * SECOND, 'x'], [90n * SECOND, 'y']))
  expect(recent.resumeNs('77')).toBe(String(95n * SECOND))
})

test('what a new connection repeats is not news, what came late is', () => {
  const recent = new Recent()
  recent.add(rows([98n * SECOND, 'old'], [100n * SECOND, 'newest']))
  recent.expectRepeats()
  const again = rows([98n * SECOND, 'old'], [99n * SECOND, 'late'], [100n * SECOND, 'newest'], [101n * SECOND, 'next'])
  expect(recent.unseen(again).map((row) => row.line)).toEqual(['late', 'next'])
})

test('two equal lines seen once before are one repeat and one new line', () => {
  const recent = new Recent()
  recent.add(rows([100n * SECOND, 'twin']))
  recent.expectRepeats()
  expect(recent.unseen(rows([100n * SECOND, 'twin'], [100n * SECOND, 'twin']))).toHaveLength(1)
})

test('equal words of another stream are another line', () => {
  const recent = new Recent()
  recent.add(rows([100n * SECOND, 'twin']))
  recent.expectRepeats()
  const other = rowsOf([{ stream: { job: 'b' }, values: [[String(100n * SECOND), 'twin']] }])
  expect(recent.unseen(other)).toHaveLength(1)
})

test('without expected repeats every line is news', () => {
  const recent = new Recent()
  recent.add(rows([100n * SECOND, 'twin']))
  recent.expectRepeats()
  recent.expectNone()
  expect(recent.unseen(rows([100n * SECOND, 'twin']))).toHaveLength(1)
})

test('the rate counts the last five seconds only', () => {
  const rate = new Rate()
  rate.add(100, 0)
  rate.add(50, 4000)
  expect(rate.perSecond(4500)).toBe(30)
  expect(rate.perSecond(6000)).toBe(10)
  expect(rate.perSecond(60_000)).toBe(0)
})
