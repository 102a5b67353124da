import { CASE_NAMES, CASES, type CaseName } from './cases.ts'
import { CLIENTS } from './clients.ts'
import { browserGlobals } from './event-clients.ts'
import { type Sight, see, sightText } from './see.ts'
import { shortenTimers } from './short-waits.ts'

/** What a client sees, straight from the upstream and through the proxy. */
export interface Sights {
  without: Sight
  with: Sight
}

/** What each client sees in each case. */
export type AllSights = Record<CaseName, Record<string, Sights>>

/** One line, or two where the proxy makes a difference: without and with it. */
export type SightLines = string | readonly [without: string, proxied: string]

/** Prepares the globals for {@link seeCase}; returns what restores them. */
export function prepareClients(): () => void {
  const removeGlobals = browserGlobals()
  const restoreTimers = shortenTimers()
  return () => {
    restoreTimers()
    removeGlobals()
  }
}

/** Lets every client read one case, without and with the proxy. */
export async function seeCase(name: CaseName): Promise<Record<string, Sights>> {
  const sights = CLIENTS.map(async (client): Promise<[string, Sights]> => {
    const [without, proxied] = await Promise.all([
      see(client, CASES[name], false),
      see(client, CASES[name], true),
    ])
    return [client.name, { without, with: proxied }]
  })
  return Object.fromEntries(await Promise.all(sights))
}

/** Lets every client read every case, one case after the other. */
export async function seeAll(
  seeOne: (name: CaseName) => Promise<Record<string, Sights>> = seeCase,
): Promise<AllSights> {
  const all: [string, Record<string, Sights>][] = []
  for (const name of CASE_NAMES) all.push([name, await seeOne(name)])
  return Object.fromEntries(all) as AllSights
}

/** Writes what the clients see in one case as lines. */
export function linesOf(sights: Record<string, Sights>): Record<string, SightLines> {
  return Object.fromEntries(
    Object.entries(sights).map(([name, { without, with: proxied }]) => {
      const lines = [sightText(without), sightText(proxied)] as const
      return [name, lines[0] === lines[1] ? lines[0] : lines]
    }),
  )
}
