/** A message to one receiver, and what became of it. */
export interface NotificationRow {
  id: string;
  callbackId: string;
  virtualQueue: string;
  event: string;
  channel: string;
  target: string;
  language: string;
  /** JSON object of texts. */
  data: string;
  createdAtMs: number;
  expiresAtMs: number | null;
  triesMax: number;
  onceKey: string | null;
  state: string;
  tryCount: number;
  dueAtMs: number | null;
  endedAtMs: number | null;
  receipt: string | null;
  fault: string | null;
}

/** A registration token that its provider knows no more. */
export interface GoneDeviceRow {
  target: string;
  atMs: number;
}
