import type { CaseName } from './cases.ts'
import type { SightLines } from './see-all.ts'

/** What each client sees in each case: the text, its tokens, its finish reason, its error, and what else it did. */
export const EXPECTED: Readonly<Record<CaseName, Readonly<Record<string, SightLines>>>> = {
  'normal stream': {
    'openai, chat `create`': 'all text; 9+7; stop',
    'openai, `finalChatCompletion`': 'all text; 9+7; stop',
    'openai, responses `create`': 'all text; 9+7; completed',
    'openai, `finalResponse`': 'all text; 9+7; completed',
    '@anthropic-ai/sdk, `create`': 'all text; 9+7; end_turn',
    '@anthropic-ai/sdk, `finalMessage`': 'all text; 9+7; end_turn',
    '@google/genai': 'all text; 9+7; STOP',
    'ai, openai-compatible': 'all text; 9+7; stop',
    'ai, openai chat': 'all text; 9+7; stop',
    'ai, openai responses': 'all text; 9+7; stop',
    'ai, anthropic': 'all text; 9+7; stop',
    'ai, google': 'all text; 9+7; stop',
    eventsource: 'all text; 9+7; stop',
    '@microsoft/fetch-event-source': 'all text; 9+7; stop',
  },
  'heartbeats before every event': {
    'openai, chat `create`': 'all text; 9+7; stop',
    'openai, `finalChatCompletion`': 'all text; 9+7; stop',
    'openai, responses `create`': 'all text; 9+7; completed',
    'openai, `finalResponse`': 'all text; 9+7; completed',
    '@anthropic-ai/sdk, `create`': 'all text; 9+7; end_turn',
    '@anthropic-ai/sdk, `finalMessage`': 'all text; 9+7; end_turn',
    '@google/genai': 'all text; 9+7; STOP',
    'ai, openai-compatible': 'all text; 9+7; stop',
    'ai, openai chat': 'all text; 9+7; stop',
    'ai, openai responses': 'all text; 9+7; stop',
    'ai, anthropic': 'all text; 9+7; stop',
    'ai, google': 'all text; 9+7; stop',
    eventsource: 'all text; 9+7; stop',
    '@microsoft/fetch-event-source': 'all text; 9+7; stop',
  },
  'slow prefill': {
    'openai, chat `create`': 'all text; 9+7; stop',
    'openai, `finalChatCompletion`': 'all text; 9+7; stop',
    'openai, responses `create`': 'all text; 9+7; completed',
    'openai, `finalResponse`': 'all text; 9+7; completed',
    '@anthropic-ai/sdk, `create`': 'all text; 9+7; end_turn',
    '@anthropic-ai/sdk, `finalMessage`': 'all text; 9+7; end_turn',
    '@google/genai': 'all text; 9+7; STOP',
    'ai, openai-compatible': 'all text; 9+7; stop',
    'ai, openai chat': 'all text; 9+7; stop',
    'ai, openai responses': 'all text; 9+7; stop',
    'ai, anthropic': 'all text; 9+7; stop',
    'ai, google': 'all text; 9+7; stop',
    eventsource: 'all text; 9+7; stop',
    '@microsoft/fetch-event-source': 'all text; 9+7; stop',
  },
  'clean end before the terminal mark': {
    'openai, chat `create`': [
      'part text',
      'part text; APIError: The upstream ended its response early',
    ],
    'openai, `finalChatCompletion`': [
      'part text; OpenAIError: missing finish_reason for choice 0',
      'part text; APIError: The upstream ended its response early',
    ],
    'openai, responses `create`': [
      'part text',
      'part text; APIError: The upstream ended its response early',
    ],
    'openai, `finalResponse`': [
      'part text; in_progress',
      'part text; APIError: The upstream ended its response early',
    ],
    '@anthropic-ai/sdk, `create`': [
      'part text',
      'part text; APIError: {"type":"error","error":{"type":"api_error","message":"The upstream ended its response early","code":"SSE_TRUN…',
    ],
    '@anthropic-ai/sdk, `finalMessage`': [
      'part text; AnthropicError: stream ended without producing a Message with role=assistant',
      'part text; APIError: {"type":"error","error":{"type":"api_error","message":"The upstream ended its response early","code":"SSE_TRUN…',
    ],
    '@google/genai': [
      'part text; 9+3',
      'part text; ApiError: got status: UNAVAILABLE. {"error":{"code":502,"message":"The upstream ended its response early","status":"UNAV…',
    ],
    'ai, openai-compatible': [
      'part text; AI_InvalidResponseDataError: Response stream ended without a finish reason.',
      'part text; object: The upstream ended its response early',
    ],
    'ai, openai chat': [
      'part text; other',
      'part text; object: The upstream ended its response early',
    ],
    'ai, openai responses': [
      'part text; other',
      'part text; object: The upstream ended its response early',
    ],
    'ai, anthropic': [
      'part text; other',
      'part text; object: The upstream ended its response early',
    ],
    'ai, google': [
      'part text; 9+3; other',
      'part text; AI_APICallError: The upstream ended its response early',
    ],
    eventsource: [
      'part text; onerror: ; after 3 s',
      'part text; data: The upstream ended its response early',
    ],
    '@microsoft/fetch-event-source': [
      'part text',
      'part text; data: The upstream ended its response early',
    ],
  },
  'error event of the model': {
    'openai, chat `create`': 'part text; APIError: The model is overloaded',
    'openai, `finalChatCompletion`': 'part text; APIError: The model is overloaded',
    'openai, responses `create`': 'part text; APIError: The model is overloaded',
    'openai, `finalResponse`': 'part text; APIError: The model is overloaded',
    '@anthropic-ai/sdk, `create`':
      'part text; APIError: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    '@anthropic-ai/sdk, `finalMessage`':
      'part text; APIError: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    '@google/genai':
      'part text; ApiError: got status: UNAVAILABLE. {"error":{"code":503,"message":"The model is overloaded","status":"UNAVAILABLE"}}',
    'ai, openai-compatible': 'part text; object: The model is overloaded',
    'ai, openai chat': 'part text; object: The model is overloaded',
    'ai, openai responses': 'part text; object: The model is overloaded',
    'ai, anthropic': 'part text; object: Overloaded',
    'ai, google': 'part text; AI_APICallError: The model is overloaded',
    eventsource: 'part text; data: The model is overloaded',
    '@microsoft/fetch-event-source': 'part text; data: The model is overloaded',
  },
  'broken connection': {
    'openai, chat `create`': 'part text; TypeError: terminated',
    'openai, `finalChatCompletion`': 'part text; OpenAIError: terminated',
    'openai, responses `create`': 'part text; TypeError: terminated',
    'openai, `finalResponse`': 'part text; OpenAIError: terminated',
    '@anthropic-ai/sdk, `create`': 'part text; TypeError: terminated',
    '@anthropic-ai/sdk, `finalMessage`': 'part text; AnthropicError: terminated',
    '@google/genai': 'part text; TypeError: terminated',
    'ai, openai-compatible': 'part text; AI_APICallError: Failed to process successful response',
    'ai, openai chat': 'part text; AI_APICallError: Failed to process successful response',
    'ai, openai responses': 'part text; AI_APICallError: Failed to process successful response',
    'ai, anthropic': 'part text; AI_APICallError: Failed to process successful response',
    'ai, google': 'part text; AI_APICallError: Failed to process successful response',
    eventsource: 'part text; onerror: TypeError: terminated: other side closed; after 3 s',
    '@microsoft/fetch-event-source': 'part text; TypeError: terminated',
  },
  'broken connection, event-then-break': {
    'openai, chat `create`': [
      'part text; TypeError: terminated',
      'part text; APIError: The upstream could not be reached, or its connection broke',
    ],
    'openai, `finalChatCompletion`': [
      'part text; OpenAIError: terminated',
      'part text; APIError: The upstream could not be reached, or its connection broke',
    ],
    'openai, responses `create`': [
      'part text; TypeError: terminated',
      'part text; APIError: The upstream could not be reached, or its connection broke',
    ],
    'openai, `finalResponse`': [
      'part text; OpenAIError: terminated',
      'part text; APIError: The upstream could not be reached, or its connection broke',
    ],
    '@anthropic-ai/sdk, `create`': [
      'part text; TypeError: terminated',
      'part text; APIError: {"type":"error","error":{"type":"api_error","message":"The upstream could not be reached, or its connection br…',
    ],
    '@anthropic-ai/sdk, `finalMessage`': [
      'part text; AnthropicError: terminated',
      'part text; APIError: {"type":"error","error":{"type":"api_error","message":"The upstream could not be reached, or its connection br…',
    ],
    '@google/genai': [
      'part text; TypeError: terminated',
      'part text; ApiError: got status: UNAVAILABLE. {"error":{"code":502,"message":"The upstream could not be reached, or its connection …',
    ],
    'ai, openai-compatible': [
      'part text; AI_APICallError: Failed to process successful response',
      'part text; object: The upstream could not be reached, or its connection broke',
    ],
    'ai, openai chat': [
      'part text; AI_APICallError: Failed to process successful response',
      'part text; object: The upstream could not be reached, or its connection broke',
    ],
    'ai, openai responses': [
      'part text; AI_APICallError: Failed to process successful response',
      'part text; object: The upstream could not be reached, or its connection broke',
    ],
    'ai, anthropic': [
      'part text; AI_APICallError: Failed to process successful response',
      'part text; object: The upstream could not be reached, or its connection broke',
    ],
    'ai, google': [
      'part text; AI_APICallError: Failed to process successful response',
      'part text; AI_APICallError: The upstream could not be reached, or its connection broke',
    ],
    eventsource: [
      'part text; onerror: TypeError: terminated: other side closed; after 3 s',
      'part text; data: The upstream could not be reached, or its connection broke',
    ],
    '@microsoft/fetch-event-source': [
      'part text; TypeError: terminated',
      'part text; data: The upstream could not be reached, or its connection broke',
    ],
  },
  'status 429': {
    'openai, chat `create`': 'all text; 9+7; stop; 2 requests; after 7 s',
    'openai, `finalChatCompletion`': 'all text; 9+7; stop; 2 requests; after 7 s',
    'openai, responses `create`': 'all text; 9+7; completed; 2 requests; after 7 s',
    'openai, `finalResponse`': 'all text; 9+7; completed; 2 requests; after 7 s',
    '@anthropic-ai/sdk, `create`': 'all text; 9+7; end_turn; 2 requests; after 7 s',
    '@anthropic-ai/sdk, `finalMessage`': 'all text; 9+7; end_turn; 2 requests; after 7 s',
    '@google/genai':
      'no text; ApiError: {"error":{"code":429,"message":"Rate limit reached","status":"RESOURCE_EXHAUSTED"}}',
    'ai, openai-compatible': 'all text; 9+7; stop; 2 requests; after 7 s',
    'ai, openai chat': 'all text; 9+7; stop; 2 requests; after 7 s',
    'ai, openai responses': 'all text; 9+7; stop; 2 requests; after 7 s',
    'ai, anthropic': 'all text; 9+7; stop; 2 requests; after 7 s',
    'ai, google': 'all text; 9+7; stop; 2 requests; after 7 s',
    eventsource: 'no text; onerror: Non-200 status code (429)',
    '@microsoft/fetch-event-source': 'all text; 9+7; stop; 2 requests; after 1 s',
  },
  'status 429 after a slow prefill': {
    'openai, chat `create`': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'no text; APIError: Rate limit reached',
    ],
    'openai, `finalChatCompletion`': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'no text; APIError: Rate limit reached',
    ],
    'openai, responses `create`': [
      'all text; 9+7; completed; 2 requests; after 7 s',
      'no text; APIError: Rate limit reached',
    ],
    'openai, `finalResponse`': [
      'all text; 9+7; completed; 2 requests; after 7 s',
      'no text; APIError: Rate limit reached',
    ],
    '@anthropic-ai/sdk, `create`': [
      'all text; 9+7; end_turn; 2 requests; after 7 s',
      'no text; APIError: {"type":"error","error":{"type":"rate_limit_error","message":"Rate limit reached","code":"SSE_UPSTREAM_STATUS"…',
    ],
    '@anthropic-ai/sdk, `finalMessage`': [
      'all text; 9+7; end_turn; 2 requests; after 7 s',
      'no text; APIError: {"type":"error","error":{"type":"rate_limit_error","message":"Rate limit reached","code":"SSE_UPSTREAM_STATUS"…',
    ],
    '@google/genai': [
      'no text; ApiError: {"error":{"code":429,"message":"Rate limit reached","status":"RESOURCE_EXHAUSTED"}}',
      'no text; ApiError: got status: RESOURCE_EXHAUSTED. {"error":{"code":429,"message":"Rate limit reached","status":"RESOURCE_EXHAUST…',
    ],
    'ai, openai-compatible': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'no text; object: Rate limit reached',
    ],
    'ai, openai chat': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'all text; 9+7; stop; 2 requests; after 2 s',
    ],
    'ai, openai responses': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'all text; 9+7; stop; 2 requests; after 2 s',
    ],
    'ai, anthropic': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'no text; AI_APICallError: Rate limit reached',
    ],
    'ai, google': [
      'all text; 9+7; stop; 2 requests; after 7 s',
      'no text; AI_APICallError: Rate limit reached',
    ],
    eventsource: [
      'no text; onerror: Non-200 status code (429)',
      'no text; data: Rate limit reached',
    ],
    '@microsoft/fetch-event-source': 'all text; 9+7; stop; 2 requests; after 1 s',
  },
  'abort by the client': {
    'openai, chat `create`': 'part text; upstream closed',
    'openai, `finalChatCompletion`':
      'part text; APIUserAbortError: Request was aborted.; upstream closed',
    'openai, responses `create`': 'part text; upstream closed',
    'openai, `finalResponse`':
      'part text; APIUserAbortError: Request was aborted.; upstream closed',
    '@anthropic-ai/sdk, `create`': 'part text; upstream closed',
    '@anthropic-ai/sdk, `finalMessage`':
      'part text; APIUserAbortError: Request was aborted.; upstream closed',
    '@google/genai': 'part text; AbortError: This operation was aborted; upstream closed',
    'ai, openai-compatible': 'part text; upstream closed',
    'ai, openai chat': 'part text; upstream closed',
    'ai, openai responses': 'part text; upstream closed',
    'ai, anthropic': 'part text; upstream closed',
    'ai, google': 'part text; upstream closed',
    eventsource: 'part text; upstream closed',
    '@microsoft/fetch-event-source': 'part text; upstream closed',
  },
}
