import { expect, test } from 'vitest'
import { Ring } from '../src/live/ring'

const all = (ring: Ring<number>): (number | undefined)[] => Array.from({ length: ring.length }, (_, i) => ring.at(i))

test('keeps order while there is room', () => {
  const ring = new Ring<number>(5)
  ring.push([1, 2, 3])
  expect(all(ring)).toEqual([1, 2, 3])
  expect(ring.dropped).toBe(0)
})

test('the newest push out the oldest, and that is counted', () => {
  const ring = new Ring<number>(3)
  ring.push([1, 2, 3, 4, 5])
  expect(all(ring)).toEqual([3, 4, 5])
  expect(ring.dropped).toBe(2)
})

test('older items go before all others, the newest of them first when room is short', () => {
  const ring = new Ring<number>(4)
  ring.push([8, 9])
  expect(ring.prepend([5, 6, 7])).toBe(2)
  expect(all(ring)).toEqual([6, 7, 8, 9])
  expect(ring.prepend([1])).toBe(0)
})

test('prepending works after the ring has gone round', () => {
  const ring = new Ring<number>(4)
  ring.push([1, 2, 3, 4, 5, 6])
  expect(ring.drain()).toEqual([3, 4, 5, 6])
  ring.push([7])
  ring.prepend([5, 6])
  ring.push([8])
  expect(all(ring)).toEqual([5, 6, 7, 8])
})

test('draining hands out everything and forgets the count', () => {
  const ring = new Ring<number>(2)
  ring.push([1, 2, 3])
  expect(ring.drain()).toEqual([2, 3])
  expect([ring.length, ring.dropped, ring.at(0)]).toEqual([0, 0, undefined])
})

test('behaves as an array cut to size, whatever is done to it', () => {
  let seed = 7
  const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
  const ring = new Ring<number>(6)
  let model: number[] = []
  for (let step = 0; step < 2000; step++) {
    const items = Array.from({ length: random(5) }, (_, i) => step * 10 + i)
    if (random(3) === 0) {
      const room = 6 - model.length
      ring.prepend(items)
      model = [...items.slice(Math.max(0, items.length - room)), ...model]
    } else {
      ring.push(items)
      model = [...model, ...items].slice(-6)
    }
    expect(all(ring)).toEqual(model)
  }
})
