/** What that package says in code, or not at all. */
interface Details {
  readonly name: string;
  /** Where it has another one there. */
  readonly id?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly provider?: Readonly<Record<string, unknown>>;
}

const basic = { provider: { clientAuthentication: 'client_secret_basic' } } as const;
const bySpaces = { provider: { scopeSeparator: ' ' } } as const;

/** A provider that runs on whatever host. */
const onHost = (name: string, example: string): Details => ({
  name,
  variables: {
    subdomain: {
      label: `Your ${name} host`,
      pattern: '([a-z0-9]([a-z0-9\\-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}',
      example,
    },
  },
});

/**
 * The providers that are taken, by their names in that package. Those that are gone, closed to new apps,
 * or need what no setting says are not here.
 */
export const grantDetails: Readonly<Record<string, Details>> = {
  acton: { name: 'Act-On' },
  acuityscheduling: { id: 'acuity-scheduling', name: 'Acuity Scheduling' },
  adobe: { name: 'Adobe' },
  aha: { name: 'Aha!' },
  arcgis: { name: 'ArcGIS Online' },
  assembla: { name: 'Assembla' },
  authentik: onHost('authentik', 'auth.example.com'),
  authing: { name: 'Authing' },
  autodesk: { name: 'Autodesk', ...basic },
  aweber: { name: 'AWeber' },
  axosoft: { name: 'Axosoft' },
  baidu: { name: 'Baidu' },
  basecamp: {
    name: 'Basecamp',
    provider: {
      authorizationParameters: { type: 'web_server' },
      tokenParameters: { type: 'web_server' },
      refreshParameters: { type: 'refresh' },
      apiBaseUrl: 'https://3.basecampapi.com',
    },
  },
  bitly: { name: 'Bitly' },
  buffer: { name: 'Buffer' },
  campaignmonitor: { id: 'campaign-monitor', name: 'Campaign Monitor' },
  cas: onHost('Apereo CAS', 'cas.example.com'),
  clio: { name: 'Clio' },
  concur: { name: 'SAP Concur' },
  coursera: { name: 'Coursera' },
  crossid: { name: 'Cross Identity' },
  dailymotion: { name: 'Dailymotion', ...bySpaces },
  deezer: { name: 'Deezer', provider: { apiBaseUrl: 'https://api.deezer.com' } },
  delivery: { name: 'Delivery.com' },
  deputy: { name: 'Deputy' },
  deviantart: { name: 'DeviantArt', ...bySpaces },
  disqus: { name: 'Disqus' },
  dribbble: { name: 'Dribbble', ...bySpaces },
  echosign: { id: 'adobe-sign', name: 'Adobe Acrobat Sign' },
  ecwid: { name: 'Ecwid' },
  egnyte: { name: 'Egnyte' },
  familysearch: { name: 'FamilySearch' },
  feedly: { name: 'Feedly' },
  formstack: { name: 'Formstack' },
  foursquare: { name: 'Foursquare' },
  freeagent: { name: 'FreeAgent', provider: { apiBaseUrl: 'https://api.freeagent.com/v2' } },
  freelancer: {
    name: 'Freelancer',
    provider: { parameterNames: { scope: 'advanced_scopes' } },
  },
  genius: { name: 'Genius', provider: { apiBaseUrl: 'https://api.genius.com' } },
  getbase: {
    id: 'zendesk-sell',
    name: 'Zendesk Sell',
    provider: { apiBaseUrl: 'https://api.getbase.com/v2' },
  },
  gitbook: { name: 'GitBook', provider: { apiBaseUrl: 'https://api.gitbook.com/v1' } },
  groove: { name: 'Groove', provider: { apiBaseUrl: 'https://api.groovehq.com/v1' } },
  harvest: { name: 'Harvest', provider: { apiBaseUrl: 'https://api.harvestapp.com' } },
  hellosign: {
    id: 'dropbox-sign',
    name: 'Dropbox Sign',
    provider: { apiBaseUrl: 'https://api.hellosign.com/v3' },
  },
  hootsuite: { name: 'Hootsuite', provider: { ...basic.provider, scopeSeparator: ' ' } },
  huddle: { name: 'Huddle' },
  ibm: { name: 'IBMid' },
  iconfinder: { name: 'Iconfinder' },
  idme: { id: 'id-me', name: 'ID.me' },
  idonethis: { name: 'I Done This' },
  imgur: { name: 'Imgur' },
  infusionsoft: {
    id: 'keap',
    name: 'Keap',
    provider: { apiBaseUrl: 'https://api.infusionsoft.com/crm/rest' },
  },
  jamendo: { name: 'Jamendo' },
  live: { id: 'microsoft-live', name: 'Microsoft account' },
  livechat: { name: 'LiveChat' },
  mailup: { name: 'MailUp' },
  mailxpert: { name: 'mailXpert' },
  mapmyfitness: { name: 'MapMyFitness' },
  mendeley: { name: 'Mendeley' },
  mention: { name: 'Mention' },
  mixcloud: { name: 'Mixcloud' },
  moxtra: { name: 'Moxtra' },
  myob: { name: 'MYOB' },
  nokotime: { id: 'noko', name: 'Noko', provider: { apiBaseUrl: 'https://api.nokotime.com/v2' } },
  onelogin: { name: 'OneLogin' },
  openstreetmap2: { id: 'openstreetmap', name: 'OpenStreetMap' },
  optimizely: { name: 'Optimizely', provider: { parameterNames: { scope: 'scopes' } } },
  osu: { name: 'osu!' },
  podio: { name: 'Podio' },
  procore: { name: 'Procore' },
  producthunt: {
    id: 'product-hunt',
    name: 'Product Hunt',
    provider: { apiBaseUrl: 'https://api.producthunt.com/v2/api' },
  },
  projectplace2: { id: 'projectplace', name: 'Projectplace' },
  pushbullet: { name: 'Pushbullet', provider: { apiBaseUrl: 'https://api.pushbullet.com/v2' } },
  qq: {
    name: 'QQ',
    provider: { quirks: ['token-by-get', 'form-encoded-answer'] },
  },
  redbooth: { name: 'Redbooth' },
  shoeboxed: { name: 'Shoeboxed' },
  smartsheet: { name: 'Smartsheet', provider: { apiBaseUrl: 'https://api.smartsheet.com/2.0' } },
  snowflake: { name: 'Snowflake' },
  socialpilot: { name: 'SocialPilot' },
  stackexchange: {
    id: 'stack-exchange',
    name: 'Stack Exchange',
    provider: { quirks: ['form-encoded-answer'] },
  },
  stocktwits: { name: 'StockTwits' },
  storyblok: { name: 'Storyblok' },
  surveysparrow: { name: 'SurveySparrow' },
  thingiverse: { name: 'Thingiverse' },
  ticketbud: { name: 'Ticketbud' },
  timelyapp: {
    id: 'timely',
    name: 'Timely',
    provider: { apiBaseUrl: 'https://api.timelyapp.com/1.1' },
  },
  traxo: { name: 'Traxo' },
  trustpilot: { name: 'Trustpilot', ...basic },
  unbounce: { name: 'Unbounce' },
  unsplash: { name: 'Unsplash', provider: { apiBaseUrl: 'https://api.unsplash.com' } },
  vend: { id: 'lightspeed-x-series', name: 'Lightspeed Retail (X-Series)' },
  vk: { name: 'VK' },
  weekdone: { name: 'Weekdone' },
  weibo: { name: 'Weibo' },
  wrike: { name: 'Wrike', provider: { apiBaseUrl: 'https://www.wrike.com/api/v4' } },
  yammer: {
    name: 'Viva Engage (Yammer)',
    provider: { answerPaths: { access_token: 'access_token.token' } },
  },
  yandex: { name: 'Yandex', ...bySpaces },
};
