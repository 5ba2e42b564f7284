import { describe, expect, it } from 'vitest';
import { closeFixtures, newFixture } from './http-fixture.ts';

closeFixtures();
const API = '/api/v1';
const yaml = { 'content-type': 'application/yaml' };

describe('health', () => {
  it('is alive without credentials whatever the parts say, and ready only when the application is', async () => {
    const { ask, application } = await newFixture();
    expect((await ask('GET', `${API}/ready`)).json()).toEqual({ ready: true, parts: application.parts });
    application.isReady = false;
    application.parts = [{ name: 'sip', ok: false, detail: 'connecting' }];
    const answer = await ask('GET', `${API}/ready`);
    expect([answer.statusCode, answer.json()]).toEqual([503, { ready: false, parts: application.parts }]);
    expect((await ask('GET', `${API}/health`)).json()).toEqual({ alive: true });
  });
});

describe('/metrics', () => {
  it("gives queues', agents' and requests' figures, and forgets queues that are gone", async () => {
    const { ask, application } = await newFixture({ publicMetrics: true });
    await ask('GET', `${API}/health`);
    const first = await ask('GET', '/metrics');
    expect(first.headers['content-type']).toContain('text/plain');
    expect(first.body).toContain('turnkeeper_queue_waiting{queue="billing",kind="callback"} 3');
    expect(first.body).toContain('turnkeeper_queue_ewt_seconds{queue="billing"} 90');
    expect(first.body).toContain('turnkeeper_agents{state="READY"} 2');
    expect(first.body).toContain('turnkeeper_agents{state="ON_CALL"} 0');
    expect(first.body).toContain(
      'turnkeeper_http_request_seconds_count{method="GET",route="/api/v1/health",status="2xx"} 1',
    );
    application.queues = () => [];
    expect((await ask('GET', '/metrics')).body).not.toContain('queue="billing"');
  });
});

describe('/config', () => {
  it('exports YAML and applies it, or only tries', async () => {
    const { ask, applied } = await newFixture();
    const exported = await ask('GET', `${API}/config`, { role: 'Administrator' });
    expect([exported.headers['content-type'], exported.body]).toEqual([
      'application/yaml; charset=utf-8',
      'queues: []\n',
    ]);
    for (const dryRun of [true, false]) {
      const answer = await ask('POST', `${API}/config?dryRun=${dryRun}&fileName=site.yaml`, {
        role: 'Administrator',
        text: 'queues: []',
        headers: yaml,
      });
      expect(answer.json()).toEqual({ version: 2, dryRun, diff: { added: ['queues.billing'] } });
    }
    expect(applied).toEqual([
      { text: 'queues: []', dryRun: true },
      { text: 'queues: []', dryRun: false },
    ]);
  });

  it('lists every fault of a refused document with its place', async () => {
    const fixture = await newFixture();
    const faults = [{ path: 'queues[0].wrapUpSec', message: 'must be 0–3600', value: -1, line: 7 }];
    fixture.applyOutcome = { kind: 'refused', faults };
    const ask = { role: 'Administrator', text: 'queues: [{}]', headers: yaml } as const;
    const answer = await fixture.ask('POST', `${API}/config`, ask);
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'CONFIG_REFUSED']);
    expect(answer.json().error.faults).toEqual(faults);
  });

  it('takes YAML only', async () => {
    const { ask } = await newFixture();
    const answer = await ask('POST', `${API}/config`, { role: 'Administrator', body: { queues: [] } });
    expect(answer.statusCode).toBe(400);
  });
});

describe('agents and queues', () => {
  it('are shown with instants as text, and unknown ones are 404', async () => {
    const { ask, clock } = await newFixture();
    const agent = (await ask('GET', `${API}/agents/alice`, { role: 'Agent' })).json();
    expect(agent).toMatchObject({
      id: 'alice',
      state: 'READY',
      since: new Date(clock.nowMs()).toISOString(),
    });
    expect((await ask('GET', `${API}/agents/carol`, { role: 'Monitor' })).statusCode).toBe(404);
    expect((await ask('GET', `${API}/queues/billing`, { role: 'Agent' })).json().ewtSec).toBe(90);
    expect((await ask('GET', `${API}/queues/none`, { role: 'Agent' })).statusCode).toBe(404);
    const waits = await ask('GET', `${API}/queues/billing/estimators`, { role: 'Agent' });
    expect(waits.json()).toMatchObject({
      ewt: { sec: 90, lowSec: 60, highSec: 130, unknown: null },
      scores: [{ estimator: 'urs2', biasSec: 2.5, coverage: 0.8 }],
      virtualQueues: [{ name: 'billing_VQ_CB', waitingCount: 3 }],
      watermark: 3,
    });
    expect((await ask('GET', `${API}/queues/none/estimators`, { role: 'Agent' })).statusCode).toBe(404);
  });

  it('may give the reasons that the configuration names', async () => {
    const { ask } = await newFixture();
    const answer = await ask('GET', `${API}/not-ready-reasons`, { role: 'Agent' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { items: ['Lunch', 'Meeting', 'RONA'] }]);
    expect((await ask('GET', `${API}/not-ready-reasons`)).statusCode).toBe(401);
  });

  it("record an agent's own change as the agent's, a supervisor's as theirs", async () => {
    const { ask, application } = await newFixture();
    const body = { state: 'NOT_READY' };
    await ask('PUT', `${API}/agents/alice/state`, { role: 'Agent', body });
    await ask('PUT', `${API}/agents/alice/state`, { role: 'Supervisor', body });
    expect(application.actors.map(({ kind }) => kind)).toEqual(['agent', 'api-key']);
    expect(
      (await ask('PUT', `${API}/agents/alice/state`, { role: 'Agent', body: { state: 'X' } })).statusCode,
    ).toBe(400);
    application.refuseNext = { kind: 'not-allowed', state: 'ON_CALL', allowed: ['AFTER_CALL_WORK'] };
    const refused = await ask('PUT', `${API}/agents/alice/state`, {
      role: 'Agent',
      body: { state: 'WRAP_UP_DONE' },
    });
    expect(refused.statusCode).toBe(409);
  });
});

describe('traces', () => {
  it('are started, listed and shown, up to a limit', async () => {
    const { ask } = await newFixture();
    const body = { subject: { kind: 'number', number: '+12025550123' }, durationSec: 60 };
    const made = await ask('POST', `${API}/traces`, { role: 'Developer', body });
    expect(made.json()).toMatchObject({
      id: 'trace-0',
      startedAt: '2026-01-05T09:00:00.000Z',
      endsAt: '2026-01-05T09:01:00.000Z',
    });
    const shown = await ask('GET', `${API}/traces/trace-0`, { role: 'Developer' });
    expect(shown.json().messages[0]).toMatchObject({
      direction: 'in',
      text: expect.stringContaining('INVITE'),
    });
    expect((await ask('GET', `${API}/traces`, { role: 'Developer' })).json().items).toHaveLength(1);
    await ask('POST', `${API}/traces`, { role: 'Developer', body });
    const refused = await ask('POST', `${API}/traces`, { role: 'Developer', body });
    expect([refused.statusCode, refused.json().error.code]).toEqual([409, 'LIMIT_REACHED']);
  });

  it('are unavailable where nothing can trace', async () => {
    const { ask } = await newFixture({}, { tracing: false });
    const answer = await ask('GET', `${API}/traces`, { role: 'Developer' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'TRACING_UNAVAILABLE']);
  });
});
