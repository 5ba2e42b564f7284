/** Texts of one language for one part of the corpus. A `|` is where the speaker may pause. */
export interface Texts {
  /** What a person says who picks up at home. */
  readonly words: readonly string[];
  /** What a person says who picks up at work. */
  readonly business: readonly string[];
  /** Greetings of machines, of the usual length and longer. */
  readonly machines: readonly string[];
  /** Greetings of machines in one short sentence. */
  readonly shortMachines: readonly string[];
}

/** The parts: `tuning` is what parameters are made from, `held-back` what is reported. No text is in both. */
export type Part = 'tuning' | 'held-back';

const TUNING: Readonly<Record<string, Texts>> = {
  en: {
    words: [
      'Hello?',
      'Yes?',
      'Hi',
      'John speaking',
      'Anna Miller',
      'Speaking',
      'Hello, who is it?',
      'Yeah, hi',
      'Good morning',
      'Hello, Peter here',
      'Two three four five',
      'Brown',
      'Hello, hello?',
      "Hello, I can't hear you",
    ],
    business: [
      'Good morning, Smith and Sons, this is Anna',
      'Miller Plumbing, Tom speaking, how can I help?',
      'Customer service, my name is Peter',
      'City library, good afternoon',
      'Thank you for calling Harbour Dental, this is Julie',
      'Front desk, one moment please',
      'Accounts department, Susan Clark',
      'Hello, Green Street Bakery',
      "Doctor Young's office, how may I help you?",
      'Riverside Hotel reception, Mark speaking, what can I do for you?',
    ],
    machines: [
      "Hi, you've reached John.|I can't come to the phone right now.|Please leave a message after the tone and I'll get back to you.",
      "Hello, this is the voicemail of Sarah Brown.|I'm not available at the moment.|Leave your name and number after the beep.",
      'You have reached five five five, one two three four.|Nobody is available to take your call.|Please leave a message after the tone.',
      'The person you are calling is not available.|Please leave your message after the beep.',
      'Your call has been forwarded to an automatic voice message system.|Seven oh four, five five five, oh one nine nine|is not available.|At the tone, please record your message.|When you have finished recording you may hang up, or press one for more options.',
      'Welcome to the answering service of the Parker family.|We are out at the moment or busy in the garden.|Tell us who you are and what you want, and we will call you as soon as we can.',
      'The mobile phone you are calling is switched off or out of reach.|Please try again later, or leave a message after the signal.',
      'Thank you for calling Weston Insurance.|Our office is closed.|Our office hours are Monday to Friday from nine to five.|If this is an emergency, please call our hotline.|Otherwise leave a message.',
    ],
    shortMachines: [
      'Leave a message',
      "Hi, it's Mike, leave a message",
      'You know what to do, wait for the beep',
      'This is Jane, please leave a message after the tone',
    ],
  },
  de: {
    words: ['Hallo?', 'Ja?', 'Schmidt', 'Müller, guten Tag', 'Ja bitte?'],
    business: [
      'Firma Weber, Schulze am Apparat, was kann ich für Sie tun?',
      'Autohaus König, guten Tag',
      'Praxis Doktor Lange, mein Name ist Eva Braun',
    ],
    machines: [
      'Guten Tag, hier ist der Anrufbeantworter von Familie Schmidt.|Wir sind zurzeit nicht zu Hause.|Bitte sprechen Sie nach dem Signalton.',
      'Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar.|Bitte hinterlassen Sie eine Nachricht nach dem Ton.',
    ],
    shortMachines: ['Bitte sprechen Sie nach dem Ton'],
  },
  fr: {
    words: ['Allô?', 'Oui?', 'Oui allô', 'Allô, qui est à l’appareil?'],
    business: ['Boulangerie Martin, bonjour', 'Cabinet du docteur Petit, Sophie à votre écoute'],
    machines: [
      'Bonjour, vous êtes bien sur la messagerie de Paul.|Je ne suis pas disponible pour le moment.|Laissez-moi un message après le bip sonore.',
      'Le correspondant que vous demandez n’est pas joignable.|Veuillez laisser un message après le signal.',
    ],
    shortMachines: ['Laissez un message'],
  },
  es: {
    words: ['¿Diga?', '¿Hola?', '¿Sí?', 'Dígame'],
    business: ['Talleres García, buenos días, le atiende Marta', 'Hotel Central, dígame'],
    machines: [
      'Hola, este es el contestador de Carlos.|Ahora no puedo atenderte.|Deja tu mensaje después de la señal.',
      'El teléfono al que llama está apagado o fuera de cobertura.|Deje su mensaje después de oír la señal.',
    ],
    shortMachines: ['Deje su mensaje'],
  },
};

const HELD_BACK: Readonly<Record<string, Texts>> = {
  en: {
    words: [
      'Hello there',
      'Hey',
      'Yes, hello?',
      'Good evening',
      'Kate Johnson',
      'Who is calling?',
      'Hello, Mary speaking',
      'Uh, hello?',
      'Nine seven one double two',
      'Wilson',
      'Yep',
      'Hiya',
      'Hello, can you hear me?',
    ],
    business: [
      'Good afternoon, Northside Motors, Brian speaking',
      'Hello, this is Greenfield Primary School',
      'Help desk, Emily here, how can I help you today?',
      'Carter and Lee solicitors, good morning',
      'Thanks for calling Blue Door Pizza, what would you like?',
      'Warehouse, Steve',
      'Sales department, Laura Evans speaking',
      'Welcome to Oakwood Clinic, you are speaking with Helen',
      'Morning, Taylor Roofing',
    ],
    machines: [
      "Hey, this is Dave.|I'm either driving or asleep.|Drop me a line after the beep and I'll ring you back.",
      "Hello, you've reached the mailbox of Robert and Linda.|We can't answer just now.|Please tell us your name, your number and the reason for your call.",
      'The number you have dialled is not answering.|To leave a voice message, please wait for the tone.',
      'The subscriber you have called cannot take your call.|Please speak after the signal.|To end your recording, simply hang up.',
      'This is the voice mailbox of extension four two one seven.|The owner of this extension is on another line.|Record your message at the tone.|For delivery options press the pound key.',
      'Good day, and thanks for ringing Hill Valley Garage.|We are closed for the holidays until the second of January.|Messages left after the tone will be answered then.',
      "We're sorry we missed your call.|You can reach us every day between eight and six.|Please leave your details and we will call back tomorrow.",
      'Hi there, Mum and Dad are not in.|If you want something sold, please call somebody else.|If you love us, talk after the beep.',
    ],
    shortMachines: [
      'Please record after the beep',
      "Tom here, can't talk, you know the drill",
      'Voicemail of Karen White, speak now',
      'Not here, leave your number',
    ],
  },
  it: {
    words: ['Pronto?', 'Sì, pronto', 'Chi parla?', 'Rossi'],
    business: ['Studio Bianchi, buongiorno, sono Elena', 'Pizzeria da Luca, mi dica'],
    machines: [
      'Ciao, risponde la segreteria di Marco.|In questo momento non posso rispondere.|Lasciate un messaggio dopo il segnale acustico.',
      'Il cliente da lei chiamato non è al momento raggiungibile.|La preghiamo di lasciare un messaggio.',
    ],
    shortMachines: ['Lasciate un messaggio'],
  },
  nl: {
    words: ['Met Jansen', 'Hallo, met Piet', 'Ja, goedemiddag'],
    business: ['Bakkerij de Vries, goedemorgen, u spreekt met Sanne', 'Garage van Dijk, met Kees'],
    machines: [
      'Dit is de voicemail van Jan de Boer.|Ik kan nu niet opnemen.|Spreek een bericht in na de piep.',
      'De persoon die u belt is niet bereikbaar.|Laat een boodschap achter na de toon.',
    ],
    shortMachines: ['Spreek in na de piep'],
  },
  'pt-br': {
    words: ['Alô?', 'Pois não', 'Alô, quem fala?'],
    business: ['Padaria Central, bom dia, em que posso ajudar?', 'Consultório da doutora Lima, boa tarde'],
    machines: [
      'Olá, você ligou para o Pedro.|No momento não posso atender.|Deixe o seu recado depois do sinal.',
      'Sua chamada está sendo encaminhada para a caixa postal.|Deixe sua mensagem após o bipe.',
    ],
    shortMachines: ['Deixe seu recado'],
  },
  pl: {
    words: ['Halo?', 'Słucham', 'Tak, słucham'],
    business: ['Biuro rachunkowe Nowak, dzień dobry, w czym mogę pomóc?', 'Sekretariat szkoły, słucham'],
    machines: [
      'Dzień dobry, tu automatyczna sekretarka Anny Nowak.|Nie mogę teraz odebrać telefonu.|Proszę zostawić wiadomość po sygnale.',
      'Abonent jest czasowo niedostępny.|Nagraj wiadomość po usłyszeniu sygnału.',
    ],
    shortMachines: ['Proszę nagrać wiadomość'],
  },
};

/** The texts of a part by language. */
export function textsOf(part: Part): Readonly<Record<string, Texts>> {
  return part === 'tuning' ? TUNING : HELD_BACK;
}
