/** The prompt for Coordinated Universal Time; other zones without a name are spoken as a distance from it. */
export const UTC_PROMPT = 'zone-utc';

const zonesByPrompt: Readonly<Record<string, readonly string[]>> = {
  [UTC_PROMPT]: ['UTC', 'Etc/UTC', 'Etc/GMT'],
  'zone-eastern': ['America/New_York', 'America/Toronto', 'America/Detroit', 'US/Eastern'],
  'zone-central': ['America/Chicago', 'America/Winnipeg', 'US/Central'],
  'zone-mountain': ['America/Denver', 'America/Edmonton', 'America/Boise', 'US/Mountain'],
  'zone-arizona': ['America/Phoenix'],
  'zone-pacific': ['America/Los_Angeles', 'America/Vancouver', 'US/Pacific'],
  'zone-alaska': ['America/Anchorage'],
  'zone-hawaii': ['Pacific/Honolulu'],
  'zone-atlantic': ['America/Halifax'],
  'zone-british': ['Europe/London'],
  'zone-irish': ['Europe/Dublin'],
  'zone-central-european': [
    'Europe/Amsterdam',
    'Europe/Belgrade',
    'Europe/Berlin',
    'Europe/Bratislava',
    'Europe/Brussels',
    'Europe/Budapest',
    'Europe/Copenhagen',
    'Europe/Ljubljana',
    'Europe/Luxembourg',
    'Europe/Madrid',
    'Europe/Oslo',
    'Europe/Paris',
    'Europe/Prague',
    'Europe/Rome',
    'Europe/Stockholm',
    'Europe/Vienna',
    'Europe/Warsaw',
    'Europe/Zagreb',
    'Europe/Zurich',
  ],
  'zone-eastern-european': [
    'Europe/Athens',
    'Europe/Bucharest',
    'Europe/Helsinki',
    'Europe/Kyiv',
    'Europe/Riga',
    'Europe/Sofia',
    'Europe/Tallinn',
    'Europe/Vilnius',
  ],
  'zone-india': ['Asia/Kolkata', 'Asia/Calcutta'],
  'zone-japan': ['Asia/Tokyo'],
  'zone-sydney': ['Australia/Sydney', 'Australia/Melbourne'],
};

/** IANA zone → prompt of the name that people use for its time. */
export const zoneNames: ReadonlyMap<string, string> = new Map(
  Object.entries(zonesByPrompt).flatMap(([prompt, zones]) => zones.map((zone) => [zone, prompt] as const)),
);
