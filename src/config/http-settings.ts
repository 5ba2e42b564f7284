import type { Setting, SettingKind } from './settings.ts';

const HOST: SettingKind = {
  kind: 'text',
  pattern: /^[A-Za-z0-9.:-]{1,253}$/,
  allowed: 'an IP address or host name',
};

/** Settings of the HTTP server. */
export const httpSettings = {
  httpHost: {
    variable: 'TURNKEEPER_HTTP_HOST',
    value: HOST,
    fallback: '127.0.0.1',
    meaning: 'Address of the HTTP server. `0.0.0.0` opens it to the network: put TLS in front of it.',
  },
  httpPort: {
    variable: 'TURNKEEPER_HTTP_PORT',
    value: { kind: 'integer', min: 0, max: 65_535 },
    fallback: '8080',
    meaning: 'Port of the HTTP server; 0 takes a free one.',
  },
  httpTrustedProxies: {
    variable: 'TURNKEEPER_HTTP_TRUSTED_PROXIES',
    value: {
      kind: 'text',
      pattern: /^[0-9A-Fa-f.:/]+(?:,[0-9A-Fa-f.:/]+){0,31}$/,
      allowed: 'addresses or CIDR blocks separated by commas',
    },
    meaning: 'Proxies whose `X-Forwarded-For` is believed.',
  },
  httpSecureCookies: {
    variable: 'TURNKEEPER_HTTP_SECURE_COOKIES',
    value: { kind: 'flag' },
    fallback: 'false',
    meaning: 'Mark the session cookie `Secure`; set it behind TLS.',
  },
  httpPublicMetrics: {
    variable: 'TURNKEEPER_HTTP_PUBLIC_METRICS',
    value: { kind: 'flag' },
    fallback: 'false',
    meaning: 'Serve `/metrics` without credentials.',
  },
  httpRequestsPerMinuteMax: {
    variable: 'TURNKEEPER_HTTP_REQUESTS_PER_MINUTE_MAX',
    value: { kind: 'integer', min: 1, max: 10_000_000 },
    fallback: '90000',
    meaning: 'Requests per minute of one API key or user; beyond it 429.',
  },
  callbacksPerNumberPerHourMax: {
    variable: 'TURNKEEPER_HTTP_CALLBACKS_PER_NUMBER_PER_HOUR_MAX',
    value: { kind: 'integer', min: 1, max: 100_000 },
    fallback: '20',
    meaning: "Callbacks asked for one customer's number per hour, over all queues and APIs; beyond it 429.",
  },
} as const satisfies Readonly<Record<string, Setting>>;
