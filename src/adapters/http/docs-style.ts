/** t */ export const docsStyle = '';
