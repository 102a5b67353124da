import type { CaseName } from './cases.ts'
import type { SightLines } from './see-all.ts'

const EARLY = 'AI_StreamProviderError: The upstream ended its response early'
const BROKEN = [
  'part text; AI_APICallError: Failed to process successful response',
  'part text; AI_StreamProviderError: The upstream could not be reached, or its connection broke',
] as const
const OVERLOADED = 'part text; AI_StreamProviderError: The model is overloaded'
const REPEATED = 'all text; 9+7; stop; 2 requests; after 7 s'
const LIMITED = 'no text; AI_StreamProviderError: Rate limit reached'

/** Where the newest majors, which need Node 22 or newer, see something else: ai 7 does. */
export const NEWEST: Readonly<Partial<Record<CaseName, Readonly<Record<string, SightLines>>>>> = {
  'clean end before the terminal mark': {
    'ai, openai-compatible': [
      'part text; AI_InvalidResponseDataError: Response stream ended without a finish reason.',
      `part text; ${EARLY}`,
    ],
    'ai, openai chat': ['part text; interrupted', `part text; ${EARLY}`],
    'ai, openai responses': ['part text; interrupted', `part text; ${EARLY}`],
    'ai, anthropic': ['part text; interrupted', `part text; ${EARLY}`],
    'ai, google': ['part text; 9+3; interrupted', `part text; ${EARLY}`],
  },
  'error event of the model': {
    'ai, openai-compatible': OVERLOADED,
    'ai, openai chat': OVERLOADED,
    'ai, openai responses': OVERLOADED,
    'ai, anthropic': 'part text; AI_StreamProviderError: Overloaded',
    'ai, google': OVERLOADED,
  },
  'broken connection, event-then-break': {
    'ai, openai-compatible': BROKEN,
    'ai, openai chat': BROKEN,
    'ai, openai responses': BROKEN,
    'ai, anthropic': BROKEN,
    'ai, google': BROKEN,
  },
  'status 429 after a slow prefill': {
    'ai, openai-compatible': [REPEATED, LIMITED],
    'ai, anthropic': [REPEATED, 'all text; 9+7; stop; 2 requests; after 2 s'],
    'ai, google': [REPEATED, LIMITED],
  },
}
