/** t */ export const docsHtml = '';
