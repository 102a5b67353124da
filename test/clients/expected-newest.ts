import type { CaseName } from './cases.ts'
import type { SightLines } from './see-all.ts'

/** Where the newest majors, which need Node 22 or newer, see something else. */
export const NEWEST: Readonly<Partial<Record<CaseName, Readonly<Record<string, SightLines>>>>> = {}
