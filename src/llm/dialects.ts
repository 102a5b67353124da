import { anthropic } from './anthropic.ts'
import type { Dialect } from './dialect.ts'
import { gemini } from './gemini.ts'
import { ollama } from './ollama.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'
import { plain } from './plain.ts'

/** The dialects that are recognized where nothing else is said. */
export const DIALECTS: readonly Dialect[] = [openaiChat, openaiResponses, anthropic, gemini, ollama]

/** Returns the dialect that requests with a path are likely answered in; `plain` for a path of no known API. */
export function dialectOf(pathname: string, dialects: readonly Dialect[] = DIALECTS): Dialect {
  return dialects.find((dialect) => dialect.matchesPath(pathname)) ?? plain
}
