import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, mostly because they start processes: at the end, one of them would run alone. */
const LONGEST = [
  'test/docs.test.ts',
  'test/package.test.ts',
  'test/node/http2-resets.test.ts',
  'test/cli/proxy/proxy-command.test.ts',
  'test/cli/demo/demo-command.test.ts',
  'test/soak/sabotage.test.ts',
]

/** Starts the longest test files first, also where no run before has measured them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((path) => moduleId.endsWith(path))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
