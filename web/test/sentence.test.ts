import { expect, test } from 'vitest'
import type { Attribution, Finding } from '../src/api/types'
import { ordered, sentence, subject } from '../src/findings/sentence'

const person = (patch: Partial<Attribution>): Attribution => ({ id: 'noa', name: 'Noa', verdict: 'strong', because: [], alternatives: [], ...patch })
const finding = (patch: Partial<Finding>): Finding => ({
  at: '2026-01-01T00:00:00Z', operation: 'TRUNCATE', object: 'orders', statement: null, outcome: 'completed', account: 'app', client: '10.0.0.1',
  app: null, database: 'shop', session: 's', trust: 'ok', person: person({}), ...patch,
})
const said = (patch: Partial<Finding>): string => {
  const words = sentence(finding(patch))
  return `${words.who} ${words.did} ${words.object} ${words.rest}`
}

test.each([
  ['proven', 'Noa'],
  ['strong', 'Almost certainly Noa'],
  ['likely', 'Probably Noa'],
  ['weak', 'Perhaps Noa'],
] as const)('a %s person is named as %j', (verdict, words) => {
  expect(subject(person({ verdict }))).toBe(words)
})

test('nobody is named without evidence, and nobody alone when several fit', () => {
  expect(subject(null)).toBe('Somebody not yet known')
  expect(subject(person({ id: null, name: null, verdict: 'unknown' }))).toBe('Somebody not yet known')
  expect(subject(person({ verdict: 'ambiguous', alternatives: [{ id: 'a', name: 'Ann' }, { id: 'b' }] }))).toBe('Either Ann or b')
})

test.each([
  [{}, 'Almost certainly Noa emptied orders in shop as app from 10.0.0.1'],
  [{ outcome: 'failed', operation: 'DROP TABLE' }, 'Almost certainly Noa tried to drop table orders in shop as app from 10.0.0.1'],
  [{ outcome: 'unknown', operation: 'DELETE' }, 'Almost certainly Noa asked to delete rows of orders in shop as app from 10.0.0.1'],
  [{ operation: 'COPY PROGRAM', database: null }, 'Almost certainly Noa ran COPY PROGRAM on orders as app from 10.0.0.1'],
] as [Partial<Finding>, string][])('%j reads %j', (patch, words) => {
  expect(said(patch)).toBe(words)
})

test('the worst stands first, of equals the newest; or simply the newest', () => {
  const failed = finding({ outcome: 'failed', at: '2026-01-04T00:00:00Z' })
  const deleted = finding({ operation: 'DELETE', at: '2026-01-03T00:00:00Z' })
  const older = finding({ at: '2026-01-01T00:00:00Z' })
  const newer = finding({ at: '2026-01-02T00:00:00Z' })
  expect(ordered([failed, deleted, older, newer], 'danger')).toEqual([newer, older, deleted, failed])
  expect(ordered([older, failed, newer, deleted], 'newest')).toEqual([failed, deleted, newer, older])
})
