/** What `--help` says; at most 80 characters a line. */
export const PROXY_USAGE = `A proxy for servers that stream Server-Sent Events, such as LLM APIs: each event
goes on to its reader at once, and a reader that leaves stops the upstream.

Usage
  sse-stream-kit --upstream URL [flags]   start the proxy
  sse-stream-kit demo [flags]             see what buffering costs (demo --help)

Where
  --upstream URL            whom to ask; the path of a request is appended to it
  -p, --port N              port to listen on, 0 for any free one [8080]
  --host NAME               address to listen on, 0.0.0.0 for all [127.0.0.1]
  --cors ORIGIN             let web pages of this origin in, such as
                            https://app.example, * for all; repeatable

Requests to the upstream
  --header 'NAME: VALUE'    set on each, whatever the client sent; repeatable
  --path-rewrite FROM=TO    replace the path FROM, or a prefix where both end
                            with a slash: /api/=/v1/; repeatable
  --forward-credentials     pass on the client's credentials: authorization,
                            x-api-key, api-key and their like
  --no-forward-credentials  drop them [passed on, unless a --header sets one]
  --connections N           connections at most, more requests wait [no limit]
  --http2                   use HTTP/2 where an https:// upstream offers it

Streams
  --heartbeat-ms N          comment after so long a silence, 0: none [15000]
  --idle-ms N               break off after so long a silence of the upstream,
                            counted from its first event, 0: never [120000]
  --high-water BYTES        hold the upstream back when so much waits for a
                            slow client [65536]
  --low-water BYTES         let it go on when no more than that is left
                            [half of --high-water]

Running
  --drain-ms N              how long running streams may go on after SIGTERM or
                            SIGINT before they are broken off [30000]
  --log                     print a line for each finished request
  -h, --help, -v, --version

GET /health and GET /metrics (Prometheus) are answered here, the rest upstream.
At SIGTERM or SIGINT /health turns 503 and new requests get 503, running streams
may end; a second signal ends at once.
Exit codes: 0 after a shutdown, 1 if it cannot listen, 2 for wrong arguments.

Examples
  sse-stream-kit --upstream https://api.openai.com
  sse-stream-kit --upstream http://127.0.0.1:11434 --port 0 --log
  sse-stream-kit --upstream https://api.anthropic.com --header "x-api-key: $KEY"
`
