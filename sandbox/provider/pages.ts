/** What each scope means to the person who is asked. */
const scopeMeaning: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'See your name',
  email: 'See your e-mail address',
  offline_access: 'Keep access while you are away',
};

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --ground: #eef1f6; --line: #c5ccd8;
  --accent: #2451b3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf3; --paper: #1b212c; --ground: #10141b;
  --line: #3b4658; --accent: #86a9ff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; padding: 2rem; border-radius: .75rem;
  background: var(--paper); border: 1px solid var(--line); }
h1 { margin: 0 0 .25rem; font-size: 1.4rem; }
label { display: block; margin: 1.25rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .6rem .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .4rem; }
ul { padding-left: 1.25rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { padding: .6rem 1.1rem; font: inherit; font-weight: 600; cursor: pointer;
  border: 1px solid var(--line); border-radius: .4rem; background: transparent; color: inherit; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--paper); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.note { margin: 1.5rem 0 0; font-size: .875rem; opacity: .75; }
`;

/** Asks for an account name. @param action,hint where to; fills the field in (OIDC `login_hint`). */
export function loginPage(
  action: string,
  clientName: string,
  hint: string,
  problem?: string,
): string {
  return page(
    'Sign in',
    `<p>to go on to <strong>${escapeHtml(clientName)}</strong></p>
${problem === undefined ? '' : `<p role="alert" id="problem">${escapeHtml(problem)}</p>`}
<form method="post" action="${escapeHtml(action)}">
  <label for="account">Account name</label>
  <input id="account" name="account" type="text" value="${escapeHtml(hint)}" maxlength="100"
    autocomplete="username" autocapitalize="none" spellcheck="false" autofocus>
  <div class="actions">
    <button class="primary" type="submit" name="decision" value="sign-in">Sign in</button>
    <button type="submit" name="decision" value="cancel">Cancel</button>
  </div>
</form>
<p class="note">A provider for development: any name is an account, no password.</p>`,
  );
}

/** Asks whether the client may have what it asks for. */
export function consentPage(
  action: string,
  clientName: string,
  accountId: string,
  scopes: readonly string[],
): string {
  const client = escapeHtml(clientName);
  const items = scopes.map((scope) => `<li>${escapeHtml(scopeMeaning[scope] ?? scope)}</li>`);
  return page(
    `Allow ${client}?`,
    `<p>You are <strong>${escapeHtml(accountId)}</strong>. ${client} asks to:</p>
<ul>${items.join('')}</ul>
<form method="post" action="${escapeHtml(action)}">
  <div class="actions">
    <button class="primary" type="submit" name="decision" value="allow">Allow</button>
    <button type="submit" name="decision" value="cancel">Cancel</button>
    <button type="submit" name="decision" value="switch-account">Use another account</button>
  </div>
</form>`,
  );
}

/** Says what went wrong where no client can be told. */
export function errorPage(error: string, description = ''): string {
  return page(
    'This did not work',
    `<p><code>${escapeHtml(error)}</code></p><p>${escapeHtml(description)}</p>`,
  );
}

/** @param title,content HTML. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sandbox</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
