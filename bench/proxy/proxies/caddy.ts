import type { ServerKind } from './installed-server.ts'

export const caddy: ServerKind = {
  name: 'Caddy',
  command: 'caddy',
  versionArgs: ['version'],
  install: 'apt-get install caddy',
  args: (configFile) => ['run', '--adapter', 'caddyfile', '--config', configFile],
  config: ({ port, upstreamPort }) => `
{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstreamPort} {
    flush_interval -1
  }
}
`,
}
