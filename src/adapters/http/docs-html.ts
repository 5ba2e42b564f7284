/**
 * The page of `/api/docs`: loads its own style and script only (strict CSP), and the document from
 * /api/openapi.json.
 */
export const docsHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Turnkeeper API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/docs.css">
<script src="/api/docs/docs.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the operations</a>
<header>
<div><h1>Turnkeeper API</h1><p id="version"></p></div>
<label>Filter by path, word or role <input id="filter" type="search" autocomplete="off"></label>
<a href="/api/openapi.json">openapi.json</a>
<a href="/api/postman.json">Postman</a>
</header>
<div class="columns">
<nav id="nav" aria-label="Operations"></nav>
<main id="main" tabindex="-1"><p id="loading" role="status">Loading the document…</p>
<noscript><p>This page needs scripts. The document itself is at
<a href="/api/openapi.json">/api/openapi.json</a>.</p></noscript>
</main>
</div>
</body>
</html>
`;
