import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ColumnsDisplay } from '../../../src/cli/demo/columns-display.ts'
import { Screen } from './screen.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const open = (columns: number, rows: number): [Screen, ColumnsDisplay] => {
  const screen = new Screen()
  const terminal = { write: (text: string) => screen.write(text), columns, rows }
  return [screen, new ColumnsDisplay(terminal)]
}
const shown = (screen: Screen): string[] => screen.lines.map((line) => line.trimEnd())

describe('ColumnsDisplay', () => {
  it('draws both responses side by side, in place, with their clocks', () => {
    const [screen, display] = open(80, 24)
    display.start()
    expect(screen.isCursorShown).toBe(false)
    vi.advanceTimersByTime(250)
    display.heartbeat('streamed')
    display.token('streamed', 'Hello', 250)
    vi.advanceTimersByTime(1_750)
    expect(shown(screen).slice(0, 5)).toEqual([
      'buffering proxy                        │ sse-stream-kit * first',
      'waiting, now 2.0 s                     │ first token 0.3 s, now 2.0 s',
      '                                       │ heartbeats 1',
      '                                       │',
      '                                       │ Hello',
    ])
    expect(screen.redraws).toBeGreaterThan(10)
    display.token('buffered', 'Hello', 3_000)
    display.done('buffered', 3_100)
    display.done('streamed', 3_050)
    display.stop()
    expect(shown(screen)[1]).toBe(
      'first token 3.0 s, end 3.1 s           │ first token 0.3 s, end 3.0 s',
    )
    expect(shown(screen)[4]).toBe('Hello                                  │ Hello')
    expect(screen.isCursorShown).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('shows the whole clocks in 50 columns', () => {
    const [screen, display] = open(50, 24)
    display.start()
    display.token('streamed', 'Hello', 10_250)
    display.done('streamed', 12_000)
    display.stop()
    expect(shown(screen).slice(0, 2)).toEqual([
      'buffering proxy         │ sse-stream-kit * first',
      'waiting, now 0.0 s      │ first 10.3s, end 12.0s',
    ])
  })

  it.each([
    [50, 10],
    [80, 24],
    [300, 100],
  ])('fits any text into %i columns and %i rows', (columns, rows) => {
    const [screen, display] = open(columns, rows)
    display.start()
    const height = screen.lines.length
    for (let count = 0; count < 200; count++) display.token('streamed', `word\n${count} `, 1)
    vi.advanceTimersByTime(100)
    display.token('streamed', 'last', 1)
    display.stop()
    expect(screen.lines).toHaveLength(height)
    expect(screen.lines.join('\n')).toContain('last')
    expect(Math.max(...screen.lines.map((line) => line.length))).toBeLessThan(
      Math.min(columns, 121),
    )
  })

  it('can be stopped twice, and before it has started', () => {
    const [screen, display] = open(80, 24)
    display.stop()
    expect(screen.lines).toEqual([''])
    display.start()
    display.stop()
    const { length } = screen.lines
    display.stop()
    expect(screen.lines).toHaveLength(length)
  })
})
