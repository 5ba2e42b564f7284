/**
 * Script of `/api/docs`: draws the OpenAPI document with DOM calls only, so that nothing in it can become
 * markup.
 */
export const docsScript = String.raw`'use strict';
(async () => {
  const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
  const DEPTH_MAX = 5;
  const main = document.getElementById('main');
  const nav = document.getElementById('nav');
  const loading = document.getElementById('loading');
  let api;
  try {
    const answer = await fetch('/api/openapi.json');
    if (!answer.ok) throw new Error('HTTP ' + answer.status);
    api = await answer.json();
  } catch (error) {
    loading.textContent = 'The document could not be loaded: ' + error.message;
    return;
  }
  loading.remove();

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
    }
    made.append(...children.filter((child) => child !== undefined && child !== null));
    return made;
  }

  function resolved(schema) {
    if (!schema || !schema.$ref) return schema || {};
    const target = schema.$ref
      .split('/')
      .slice(1)
      .reduce((at, key) => (at ? at[key] : undefined), api);
    return target || {};
  }

  /** A schema in a few words: "string, 1-64", "integer or null", "array of Callback". */
  function typeOf(schema) {
    if (schema && schema.$ref) return schema.$ref.split('/').pop();
    const s = schema || {};
    const options = s.anyOf || s.oneOf;
    if (options) return options.map(typeOf).join(' or ');
    if (s.const !== undefined) return JSON.stringify(s.const);
    if (s.enum) return s.enum.map((value) => JSON.stringify(value)).join(' | ');
    if (s.type === 'array') return 'array of ' + typeOf(s.items);
    const words = [Array.isArray(s.type) ? s.type.join(' or ') : s.type || 'anything'];
    if (s.format) words.push(s.format);
    if (s.minLength !== undefined || s.maxLength !== undefined) {
      words.push(range(s.minLength, s.maxLength) + ' characters');
    }
    const low = s.minimum === Number.MIN_SAFE_INTEGER ? undefined : s.minimum;
    const high = s.maximum === Number.MAX_SAFE_INTEGER ? undefined : s.maximum;
    if (low !== undefined || high !== undefined) words.push(range(low, high));
    if (s.default !== undefined) words.push('default ' + JSON.stringify(s.default));
    return words.join(', ');
  }

  function range(low, high) {
    if (low === undefined) return 'at most ' + high;
    return high === undefined ? 'at least ' + low : low + '–' + high;
  }

  function fieldsTable(rows) {
    const head = element(
      'tr',
      {},
      ...['Name', 'Type', 'Meaning'].map((text) => element('th', { scope: 'col' }, text)),
    );
    const lines = rows.map(({ name, required, schema, description }) =>
      element(
        'tr',
        {},
        element('td', {}, name, required ? element('span', { class: 'required' }, 'required') : undefined),
        element('td', { class: 'type' }, typeOf(schema)),
        element('td', {}, description || resolved(schema).description || ''),
      ),
    );
    return element(
      'div',
      { class: 'table' },
      element('table', {}, element('thead', {}, head), element('tbody', {}, ...lines)),
    );
  }

  /** Object schemas as a table, nested ones below it, opened on demand. */
  function schemaView(schema, depth) {
    const s = resolved(schema);
    if (s.type === 'array')
      return element('div', {}, element('p', {}, 'An array of:'), schemaView(s.items, depth));
    const options = (s.anyOf || s.oneOf || []).filter((option) => resolved(option).properties);
    if (options.length > 0) return element('div', {}, ...options.map((option) => schemaView(option, depth)));
    if (!s.properties) return element('p', { class: 'roles' }, typeOf(schema));
    const required = new Set(s.required || []);
    const entries = Object.entries(s.properties);
    const view = element(
      'div',
      {},
      fieldsTable(entries.map(([name, value]) => ({ name, schema: value, required: required.has(name) }))),
    );
    if (depth >= DEPTH_MAX) return view;
    for (const [name, value] of entries) {
      const inner = resolved(value).type === 'array' ? resolved(resolved(value).items) : resolved(value);
      if (!inner.properties && !inner.oneOf) continue;
      view.append(
        element('details', { class: 'schema' }, element('summary', {}, name), schemaView(inner, depth + 1)),
      );
    }
    return view;
  }

  function curlOf(method, path, operation) {
    const lines = ['curl -sS' + (method === 'get' ? '' : ' -X ' + method.toUpperCase())];
    const query = (operation.parameters || []).filter((p) => p.in === 'query' && p.required);
    const search = query.length > 0 ? '?' + query.map((p) => p.name + '=…').join('&') : '';
    const secured = (operation.security || []).length > 0;
    if (secured) lines.push('  -H \'authorization: Bearer \'"$TURNKEEPER_KEY"');
    if (path === '/api/v1/callbacks' && method === 'post')
      lines.push('  -H \'idempotency-key: \'"$(uuidgen)"');
    const content = (operation.requestBody || {}).content || {};
    if (content['application/json']) {
      const media = content['application/json'];
      const [shown] = Object.values(media.examples || {});
      const example = shown ? shown.value : media.example;
      lines.push("  -H 'content-type: application/json'", "  -d '" + JSON.stringify(example) + "'");
    } else if (Object.keys(content).length > 0) {
      lines.push("  -H 'content-type: " + Object.keys(content)[0] + "'", '  --data-binary @turnkeeper.yaml');
    }
    lines.push("  '" + location.origin + path + search + "'");
    return lines.join(' \\\n');
  }

  function snippet(text) {
    const button = element('button', { type: 'button' }, 'Copy');
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = 'Copied';
      } catch {
        button.textContent = 'Select it';
        getSelection().selectAllChildren(pre);
      }
      button.addEventListener(
        'blur',
        () => {
          button.textContent = 'Copy';
        },
        { once: true },
      );
    });
    const pre = element('pre', { tabindex: '0' }, text);
    return element('div', { class: 'snippet' }, button, pre);
  }

  function operationView(method, path, operation, id) {
    const body = element('div', { class: 'body' });
    const roles = operation['x-roles'] || [];
    body.append(
      element(
        'p',
        { class: 'roles' },
        roles.length > 0 ? 'Roles: ' + roles.join(', ') : 'No credentials needed',
      ),
    );
    if (operation.description) body.append(element('p', {}, operation.description));
    body.append(element('h3', {}, 'Try it'), snippet(curlOf(method, path, operation)));
    const parameters = operation.parameters || [];
    if (parameters.length > 0) {
      const rows = parameters.map((p) => ({
        ...p,
        name: p.name + (p.in === 'query' ? '' : ' (' + p.in + ')'),
      }));
      body.append(element('h3', {}, 'Parameters'), fieldsTable(rows));
    }
    const content = Object.entries((operation.requestBody || {}).content || {});
    for (const [type, { schema }] of content) {
      body.append(element('h3', {}, 'Body, ' + type), schemaView(schema, 0));
    }
    body.append(element('h3', {}, 'Answers'));
    for (const [status, given] of Object.entries(operation.responses || {})) {
      const answer = resolved(given);
      const [, media] = Object.entries(answer.content || {})[0] || [];
      const label = status === 'default' ? 'Any error' : status;
      const text = answer.description === 'Default Response' ? '' : ' ' + (answer.description || '');
      body.append(
        element(
          'details',
          { class: 'schema' },
          element('summary', {}, element('span', { class: 'status' }, label), text),
          media ? schemaView(media.schema, 0) : undefined,
        ),
      );
    }
    return element(
      'details',
      { class: 'operation', id },
      element(
        'summary',
        {},
        element('span', { class: 'method ' + method }, method.toUpperCase()),
        element('span', { class: 'path' }, path),
        element('span', { class: 'summary' }, operation.summary || ''),
      ),
      body,
    );
  }

  document.getElementById('version').textContent =
    'version ' + api.info.version + ' · OpenAPI ' + api.openapi;
  for (const paragraph of (api.info.description || '').split('\n\n')) {
    main.append(element('p', { class: 'intro' }, paragraph.replaceAll(String.fromCharCode(96), '')));
  }
  const byTag = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => operations[name])) {
      const operation = operations[method];
      const tag = (operation.tags || ['Other'])[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push({ method, path, operation, id: method + path.replace(/[^\w]+/g, '-') });
    }
  }
  const filterable = [];
  for (const [tag, operations] of byTag) {
    const heading = element('h2', {}, tag);
    const navHeading = element('h2', {}, tag);
    main.append(heading);
    nav.append(navHeading);
    const items = operations.map(({ method, path, operation, id }) => {
      const view = operationView(method, path, operation, id);
      const link = element('a', { href: '#' + id }, operation.summary || path);
      main.append(view);
      nav.append(link);
      const words = [
        method,
        path,
        tag,
        operation.summary,
        operation.description,
        ...(operation['x-roles'] || []),
      ];
      return { view, link, text: words.join(' ').toLowerCase() };
    });
    filterable.push({ heading, navHeading, items });
  }

  document.getElementById('filter').addEventListener('input', ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    for (const { heading, navHeading, items } of filterable) {
      for (const { view, link, text } of items) view.hidden = link.hidden = !text.includes(wanted);
      heading.hidden = navHeading.hidden = items.every(({ view }) => view.hidden);
    }
  });

  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') {
      target.open = true;
      target.scrollIntoView();
    }
  }
  addEventListener('hashchange', openTarget);
  openTarget();
})();
`;
