import type { NotificationEvent } from '../callback/notification.ts';

/** What a device shows before its app is opened. */
export interface NotificationText {
  readonly title: string;
  readonly body: string;
}

type Texts = Readonly<Record<NotificationEvent, NotificationText>>;

const english: Texts = {
  CALLBACK_UPCOMING: { title: 'Your callback is near', body: 'It will be your turn in a few minutes.' },
  CALLBACK_READY: { title: 'It is your turn', body: 'Open to say whether you want to talk now.' },
  CALLIN_INSTRUCTIONS: { title: 'Call now', body: 'Open to see the number to call.' },
  CALLBACK_PURGED: { title: 'We could not call you', body: 'Your callback has ended. Please ask again.' },
  CALLBACK_ATTEMPT_FAILED: { title: 'We could not reach you', body: 'We will call again.' },
  CALLBACK_FINAL_ATTEMPT_FAILED: { title: 'We could not reach you', body: 'We will not call again.' },
};
const german: Texts = {
  CALLBACK_UPCOMING: { title: 'Ihr Rückruf steht bevor', body: 'In wenigen Minuten sind Sie an der Reihe.' },
  CALLBACK_READY: {
    title: 'Sie sind an der Reihe',
    body: 'Öffnen und sagen, ob Sie jetzt sprechen möchten.',
  },
  CALLIN_INSTRUCTIONS: { title: 'Jetzt anrufen', body: 'Öffnen, um die Nummer zu sehen.' },
  CALLBACK_PURGED: {
    title: 'Kein Rückruf möglich',
    body: 'Ihr Rückruf ist beendet. Bitte fragen Sie erneut.',
  },
  CALLBACK_ATTEMPT_FAILED: { title: 'Nicht erreicht', body: 'Wir rufen Sie noch einmal an.' },
  CALLBACK_FINAL_ATTEMPT_FAILED: { title: 'Nicht erreicht', body: 'Wir rufen nicht noch einmal an.' },
};

/** In the callback's language where there is a text, else in English. */
export function textOf(event: NotificationEvent, language: string): NotificationText {
  return (language.toLowerCase().startsWith('de') ? german : english)[event];
}
