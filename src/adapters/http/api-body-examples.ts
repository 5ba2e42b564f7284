const LATER = '2026-01-05T10:00:00.000Z';

/** Bodies that are worth showing where the schema alone gives little to go by, by operation id. */
export const bodyExamples: Readonly<Record<string, unknown>> = {
  postLogin: { name: 'admin', password: 'correct horse battery staple' },
  postCallbacks: {
    virtualQueue: 'support',
    customerNumber: '+12025550123',
    desiredAt: '2026-01-05T09:30:00.000Z',
    language: 'en',
    priority: 10,
    userData: { orderNumber: 'A-1047' },
  },
  postCallbacksByIdReschedule: { desiredAt: LATER },
  postCallbacksByIdRecreate: { desiredAt: LATER },
  putAgentsByIdState: { state: 'NOT_READY', reason: 'Lunch' },
  putCallInGroupsByName: {
    numbers: ['+12025550198', { number: '+12025550199', description: 'Website' }],
    generateAccessCode: true,
    accessCodeLength: 6,
    expirySec: 60,
    queue: 'support',
  },
  postApiKeys: {
    name: 'Web shop',
    role: 'Developer',
    scopes: ['ges:customers'],
    origins: ['https://shop.example'],
  },
  patchApiKeysById: { name: 'Web shop', origins: ['https://shop.example'] },
  postApiKeysByIdRotate: { graceSec: 3600 },
  postApiKeysValidate: { apiKey: 'tk_as-it-was-shown-once' },
  postUsers: { name: 'maria', role: 'Supervisor', password: 'correct horse battery staple' },
  patchUsersByName: { role: 'Monitor', enabled: true },
  postAccessGroups: { name: 'support-line', queues: ['support', 'support_*'] },
  putAccessGroupsByName: { queues: ['support', 'support_*'] },
  postTraces: { subject: { kind: 'number', number: '+12025550123' } },
  postWorkspaceInvitationsByIdReject: { reason: 'Lunch' },
  postWorkspaceCasesByIdData: { changes: { orderNumber: 'A-1048' } },
  postWorkspaceCasesByIdDisposition: { code: 'Sold' },
  gms1PostStorageByTtl: { orderNumber: 'A-1047' },
  gms1PostStorageCustomByCustomIdByTtl: { orderNumber: 'A-1047' },
  postConfig: 'queues:\n  - name: support\n    skillExpression: Skill("Support") >= 1\n',
};
