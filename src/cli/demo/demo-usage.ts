/** The text of `demo --help`, at most 80 characters a line. */
export const DEMO_USAGE = `Sends one prompt through two proxies at the same time: one buffers the whole
answer, the bug that makes chat feel slow, the other one is sse-stream-kit.
Without flags it needs no key: a built-in upstream answers like a chat model.

Usage
  sse-stream-kit demo [flags]

The built-in upstream
  --speed N                play it N times as fast, at most 10 [1]

A real endpoint, with one request: both proxies relay the same answer
  --upstream URL           such as https://api.openai.com
  --path PATH              appended to it [/v1/chat/completions]
  --header 'NAME: VALUE'   set on the request; repeatable
  --model NAME             [gpt-4o-mini]
  --prompt TEXT            [Explain backpressure in about 120 words.]
  --body JSON              the whole body, instead of --model and --prompt

Both
  --heartbeat-ms N         send a comment after N ms of silence [200 / speed]
  --plain                  lines instead of columns; the default without a
                           terminal, or with NO_COLOR set
  -h, --help, -v, --version

Exit codes: 0 if the first streamed token arrived in the first 10 % of the total
time and both answers are the same byte for byte, 1 if not, 2 for wrong
arguments.

Examples
  sse-stream-kit demo
  sse-stream-kit demo --upstream https://api.openai.com \\
    --header "authorization: Bearer $OPENAI_API_KEY"
`
