/** The text of `--help`, at most 80 characters a line. */
export const PROXY_USAGE = `A proxy for servers that stream Server-Sent Events, such as LLM APIs: forwards
each event at once, and stops the upstream when the client disconnects.

Usage
  sse-stream-kit --upstream URL [flags]   start the proxy
  sse-stream-kit demo [flags]             see what buffering costs (demo --help)

Addresses
  --upstream URL            the upstream; request paths are appended to it
  -p, --port N              port to listen on, 0 for any free one [8080]
  --host NAME               address to listen on, 0.0.0.0 for all [127.0.0.1]
  --cors ORIGIN             let web pages of this origin call the proxy, such as
                            https://app.example, or * for all; repeatable

Requests to the upstream
  --header 'NAME: VALUE'    set on each, overriding the client's; repeatable
  --path-rewrite FROM=TO    replace the path FROM, or a prefix where both end
                            with a slash: /api/=/v1/; repeatable
  --forward-credentials     forward the client's credentials: authorization,
                            x-api-key, api-key and similar headers
  --no-forward-credentials  drop them [forwarded, unless a --header sets one]
  --connections N           maximum number of connections; further requests
                            wait [no limit]
  --http2                   use HTTP/2 where an https:// upstream offers it

Streams
  --heartbeat-ms N          send a comment after N ms of silence, 0: never
                            [15000]
  --idle-ms N               break the stream after N ms without a byte from the
                            upstream, after its first event, 0: never [120000]
  --high-water BYTES        stop reading the upstream while this many bytes are
                            buffered for a slow client [65536]
  --low-water BYTES         read it again once no more than this is buffered
                            [half of --high-water]

Running
  --drain-ms N              how long running streams may continue after SIGTERM
                            or SIGINT before they are broken [30000]
  --log                     print a line for each finished request
  -h, --help, -v, --version

The proxy answers GET /health and GET /metrics (Prometheus) itself.
After SIGTERM or SIGINT, /health and new requests get 503 and running streams
may finish; a second signal exits at once.
Exit codes: 0 after a shutdown, 1 if it cannot listen, 2 for wrong arguments.

Examples
  sse-stream-kit --upstream https://api.openai.com
  sse-stream-kit --upstream http://127.0.0.1:11434 --port 0 --log
  sse-stream-kit --upstream https://api.anthropic.com --header "x-api-key: $KEY"
`
