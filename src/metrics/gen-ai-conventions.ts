import { BOUNDS_SECONDS } from './histogram.ts'

/** One histogram of the conventions. */
export interface GenAiHistogram {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly bounds: readonly number[]
}

/**
 * Histograms of OpenTelemetry's conventions for generative AI, whose status is still "Development": when a name
 * changes there, it changes here only.
 *
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-metrics.md
 */
export const HISTOGRAMS: Readonly<
  Record<
    | 'tokenUsage'
    | 'operationDuration'
    | 'timeToFirstChunk'
    | 'timeToFirstToken'
    | 'timePerOutputToken',
    GenAiHistogram
  >
> = {
  tokenUsage: {
    name: 'gen_ai.client.token.usage',
    unit: '{token}',
    description: 'Number of input and output tokens used.',
    bounds: [
      1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
      67_108_864,
    ],
  },
  operationDuration: {
    name: 'gen_ai.client.operation.duration',
    unit: 's',
    description: 'GenAI operation duration.',
    bounds: BOUNDS_SECONDS,
  },
  timeToFirstChunk: {
    name: 'gen_ai.client.operation.time_to_first_chunk',
    unit: 's',
    description: 'Time from the request to the first chunk of the response stream.',
    bounds: BOUNDS_SECONDS,
  },
  timeToFirstToken: {
    name: 'gen_ai.server.time_to_first_token',
    unit: 's',
    description: 'Time to generate first token for successful responses.',
    bounds: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  },
  timePerOutputToken: {
    name: 'gen_ai.server.time_per_output_token',
    unit: 's',
    description: 'Time per output token generated after the first token for successful responses.',
    bounds: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  },
}

/** Names of the attributes. */
export const ATTRIBUTES = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  responseModel: 'gen_ai.response.model',
  tokenType: 'gen_ai.token.type',
  errorType: 'error.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
} as const

/** `error.type` of an error that has no value of its own. */
export const OTHER_ERROR = '_OTHER'

/** Values of `gen_ai.provider.name` by the end of the upstream's host name. */
const PROVIDERS_BY_HOST: readonly (readonly [string, string])[] = [
  ['.openai.azure.com', 'azure.ai.openai'],
  ['.services.ai.azure.com', 'azure.ai.inference'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['api.cohere.com', 'cohere'],
  ['api.deepseek.com', 'deepseek'],
  ['api.groq.com', 'groq'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.moonshot.ai', 'moonshot_ai'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.x.ai', 'x_ai'],
]
const PROVIDERS_BY_DIALECT: Readonly<Record<string, string>> = {
  'openai-chat': 'openai',
  'openai-responses': 'openai',
  anthropic: 'anthropic',
  gemini: 'gcp.gemini',
}

/** Returns the provider of an upstream; where its host is not a known one, the provider that defined the dialect. */
export function providerOf(dialect: string, host: string): string {
  const found = PROVIDERS_BY_HOST.find(([end]) => host.endsWith(end))
  return found?.[1] ?? PROVIDERS_BY_DIALECT[dialect] ?? dialect
}

/** Returns the operation of a dialect's requests. */
export function operationOf(dialect: string): string {
  return dialect === 'gemini' ? 'generate_content' : 'chat'
}
