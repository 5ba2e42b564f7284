/** t */ export const docsScript = '';
