import type { ServerKind } from './installed-server.ts'

/** Files that are not connections. */
const FEW = 100

export const haproxy: ServerKind = {
  name: 'HAProxy',
  command: 'haproxy',
  versionArgs: ['-v'],
  install: 'apt-get install haproxy',
  args: (configFile) => ['-db', '-f', configFile],
  config: ({ port, upstreamPort, files }) => `
global
  maxconn ${Math.floor((files - FEW) / 2)}
  nbthread 1
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend upstream
backend upstream
  server one 127.0.0.1:${upstreamPort}
`,
}
