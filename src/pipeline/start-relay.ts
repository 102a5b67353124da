import type { ItemSource } from '../base/byte-source.ts'
import { BudgetLedger } from './budget-ledger.ts'
import { checkRelay } from './check-relay.ts'
import type { ItemQueue } from './item-queue.ts'
import { ReaderIntake } from './reader-intake.ts'
import type { RelayOptions } from './relay-options.ts'
import { StageDriver } from './stage-driver.ts'
import type { AnyStage } from './stage-line.ts'
import { checkWatermarks, heldSize } from './watermarks.ts'

/**
 * Starts the stages of a relay and connects them to the source and to a new queue, which it returns.
 *
 * @throws what `relay` throws
 */
export function startRelay<Queue extends ItemQueue<unknown>>(
  source: ItemSource<unknown>,
  stages: readonly AnyStage[],
  {
    watermark: { highBytes = 65_536, lowBytes = Math.floor(highBytes / 2) } = {},
    budget,
    flushMsFor = () => Infinity,
    observers = [],
  }: RelayOptions,
  newQueue: (high: number) => Queue,
): Queue {
  const marks = checkWatermarks('highBytes', highBytes, 'lowBytes', lowBytes)
  checkRelay(source, stages, observers)
  const ledger = budget === undefined ? undefined : BudgetLedger.of(budget)
  const intake = new ReaderIntake(source)
  const queue = newQueue(marks.high)
  try {
    intake.driver = new StageDriver(stages, intake, queue, {
      // Not a spread: each would have a hidden class of its own, 160 bytes.
      watermarks: { high: marks.high, low: marks.low, size: heldSize },
      observers,
      budget: ledger,
      flushMsFor,
    })
  } catch (error) {
    intake.releaseLock()
    throw error
  }
  return queue
}
