import type { ServerKind } from './installed-server.ts'
import { NGINX } from './names.ts'

/** When only a sixteenth of its connections are free, it closes those that still wait for their request. */
const HEADROOM = 1.1

export const nginx: ServerKind = {
  name: NGINX,
  command: 'nginx',
  versionArgs: ['-v'],
  install: 'apt-get install nginx-light',
  args: (configFile, folder) => ['-c', configFile, '-p', folder, '-e', `${folder}/error.log`],
  config: ({ port, upstreamPort, folder, files }) => `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    worker_rlimit_nofile ${files};
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    events { worker_connections ${Math.ceil(files * HEADROOM)}; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      keepalive_requests 100000000;
      upstream up {
        server 127.0.0.1:${upstreamPort};
        keepalive 64;
        keepalive_requests 100000000;
      }
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location / {
          proxy_pass http://up;
          proxy_http_version 1.1;
          proxy_set_header connection "";
          proxy_buffering off;
          proxy_read_timeout 1h;
        }
      }
    }
  `,
}
