// Everything that the service needs in Azure, in one resource group. Deployed by azd (`azd up`), or by
//   az deployment sub create --location REGION --template-file infra/main.bicep --parameters ...
// Plain resources and no registry modules: it compiles without network, and the offline checks read all of it.
// What it cannot do is done by people with the right to: docs/deploy.md.

targetScope = 'subscription'

@description('Name of the azd environment; names and tags of the resources are made from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region. One that offers Flex Consumption: az functionapp list-flexconsumption-locations')
@metadata({ azd: { type: 'location' } })
@minLength(1)
param location string

// --- who deploys -------------------------------------------------------------------------------------------

@description('Object id of whoever deploys: may then put secrets into the vault. Empty: nobody.')
param principalId string = ''

@allowed([ 'User', 'Group', 'ServicePrincipal' ])
param principalType string = 'User'

@description('Whoever deploys may also read and write cases, queues and deliveries (personal data), as the command line needs.')
param deployerDataAccess bool = false

// --- size and cost -----------------------------------------------------------------------------------------

@description('Python of the app. The deployment package must be built for the same one (make package reads it here).')
@allowed([ '3.11', '3.12', '3.13' ])
param pythonVersion string = '3.12'

@allowed([ 512, 2048, 4096 ])
param instanceMemoryMB int = 2048

@description('Most instances at a time, over all functions.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances kept warm for the web part. 0 is cheaper, and the first delivery after a pause waits for a cold start.')
@minValue(0)
@maxValue(20)
param httpAlwaysReady int = 1

@description('Requests that one instance answers at the same time. The code is async end to end; the platform would assume 1.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@allowed([ 'Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS' ])
param storageSku string = 'Standard_LRS'

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day after which no more are taken in; -1: no limit.')
param logDailyCapGb int = -1

@description('Guard the resource group against deletion (needs Owner or User Access Administrator, as the role assignments do).')
param lockResources bool = true

@description('Take back the vault of an earlier deployment of the same name that was deleted less than 90 days ago.')
param recoverVault bool = false

// --- what the service does: settings of onboarding/settings.py ---------------------------------------------

@description('Verified domain of the tenant for new userPrincipalNames.')
@minLength(3)
param domain string

@description('Mailbox that sends; empty: onboarding@ and the domain.')
param sender string = ''

@description('The sender mailbox may hold drafts, so that doubt about a message can be settled after a crash.')
param mailDrafts bool = true

@description('Mail address of the service desk: escalations, and passes without a manager who is safe to send to.')
param serviceDesk string = ''

@description('Mail address of HR: the daily digest of values that could not be used; empty: no digest.')
param hrContact string = ''

@description('Name of the company in mail texts.')
param companyName string = 'Contoso'

@description('dry_run changes nothing in the tenant and sends nothing; live does both. Start with dry_run.')
@allowed([ 'dry_run', 'live' ])
param mode string = 'dry_run'

@description('Day from which self-service password reset ignores directory data.')
@minLength(10)
@maxLength(10)
param deadline string = '2026-09-07'

@description('Methods required to reset, as in the tenant\'s settings; Graph cannot read it.')
@minValue(1)
@maxValue(2)
param methodsRequired int = 1

@description('Who self-service password reset is switched on for: report takes it from each person\'s report row.')
@allowed([ 'report', 'all', 'none' ])
param ssprScope string = 'report'

@description('Password writeback is on, so that people synced from Active Directory can reset.')
param writeback bool = false

@description('Count a person who pressed "looks good" on the review page as confirmed.')
param acceptReviewed bool = false

@description('Days before users are asked to re-confirm their authentication information, as in the SSPR settings; 0: never.')
@minValue(0)
@maxValue(730)
param reconfirmDays int = 180

@description('Event Hub that the diagnostic setting of Entra sends AuditLogs to; empty: audit records are read every five minutes only.')
param auditHub string = ''

@description('Its namespace, for example contoso.servicebus.windows.net. The app identity needs Azure Event Hubs Data Receiver on the hub.')
param auditHubNamespace string = ''

@allowed([ 'access_pass_to_manager', 'access_pass_to_desk', 'none' ])
param firstCredential string = 'access_pass_to_manager'

@allowed([ 'mobilePhone', 'none' ])
param phoneAttribute string = 'mobilePhone'

@description('Add HR\'s mobile number as authentication method of new accounts: see docs/prepopulate-phone.md before.')
param prepopulatePhone bool = false

@description('Policy file inside the deployment package, as an absolute path (/home/site/wwwroot/...); empty: the built-in policy.')
param policyFile string = ''

@description('Root of Microsoft Graph; another one in national clouds. Empty: https://graph.microsoft.com')
param graphBaseUrl string = ''

@description('One HR system that sends hires.')
type hrSource = {
  @description('Name in the URL, api/hr/NAME: lower case letters, digits, dashes.')
  source: string

  @description('Adapter that reads it; the same word as the source where there is only one of the kind.')
  adapter: string

  @description('A secret before the last rotation is in the vault and still accepted. Only while it is there.')
  previousSecret: bool?

  @description('Root of the vendor\'s API, where its events name a person only by id.')
  apiUrl: string?

  @description('Names of the vendor\'s fields that hold telephone numbers, with commas, where customers choose them.')
  apiPhoneFields: string?

  @description('A token for that API is in the vault.')
  apiToken: bool?

  @description('Event types that are taken, as wildcards with commas; ! in front of those that are not.')
  events: string?

  @description('What only some adapters need, as JSON (docs/vendors): a field map, an attribute\'s name.')
  options: string?
}

@description('HR systems; their secrets are put into the vault by hand under the names that the deployment prints.')
param hrSources hrSource[] = []

// --- sign-in of operators ----------------------------------------------------------------------------------

@description('Application (client) id of the sign-in registration. Empty: nobody can sign in yet; HR systems are served.')
param authClientId string = ''

@description('idToken: no credential at all. managedIdentity: the sign-in identity vouches for the registration (preview).')
@allowed([ 'idToken', 'managedIdentity' ])
param authCredential string = 'idToken'

@description('Applications beside the registration itself whose tokens are taken, for programs that call the API.')
param authOtherClientIds array = []

@allowed([ 'Return401', 'RedirectToLoginPage' ])
param authUnauthenticatedAction string = 'Return401'

// --- names -------------------------------------------------------------------------------------------------

// 13 characters, the same at each deployment of this environment to this region of this subscription.
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var storageName = 'st${token}'
var vaultName = 'kv-${token}'
var appName = 'func-${token}'
var packageContainer = 'app-package'
var deliveriesContainer = 'deliveries'

// --- settings of the app -----------------------------------------------------------------------------------

var hashKeySecret = 'onboarding-hash-key'
var withPrevious = filter(hrSources, s => (s.?previousSecret ?? false))
var withApiUrl = filter(hrSources, s => !empty(s.?apiUrl ?? ''))
var withApiPhoneFields = filter(hrSources, s => !empty(s.?apiPhoneFields ?? ''))
var withApiToken = filter(hrSources, s => (s.?apiToken ?? false))
var withEvents = filter(hrSources, s => !empty(s.?events ?? ''))
var withOptions = filter(hrSources, s => !empty(s.?options ?? ''))

var plainSettings = {
  ONBOARDING_STORE: 'azure'
  ONBOARDING_GRAPH: 'microsoft'
  ONBOARDING_GRAPH_BASE_URL: graphBaseUrl
  ONBOARDING_DOMAIN: domain
  ONBOARDING_SENDER: sender
  ONBOARDING_MAIL_DRAFTS: mailDrafts ? 'true' : 'false'
  ONBOARDING_SERVICE_DESK: serviceDesk
  ONBOARDING_HR_CONTACT: hrContact
  ONBOARDING_COMPANY_NAME: companyName
  ONBOARDING_MODE: mode
  ONBOARDING_DEADLINE: deadline
  ONBOARDING_METHODS_REQUIRED: string(methodsRequired)
  ONBOARDING_SSPR_SCOPE: ssprScope
  ONBOARDING_WRITEBACK: writeback ? 'true' : 'false'
  ONBOARDING_ACCEPT_REVIEWED: acceptReviewed ? 'true' : 'false'
  ONBOARDING_RECONFIRM_DAYS: string(reconfirmDays)
  ONBOARDING_AUDIT_HUB: auditHub
  ONBOARDING_FIRST_CREDENTIAL: firstCredential
  ONBOARDING_PHONE_ATTRIBUTE: phoneAttribute
  ONBOARDING_PREPOPULATE_PHONE: prepopulatePhone ? 'true' : 'false'
  ONBOARDING_POLICY_FILE: policyFile
  ONBOARDING_SOURCES: join(map(hrSources, s => '${s.source}=${s.adapter}'), ',')
  ONBOARDING_HASH_KEY: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${hashKeySecret})'
}

// A reference to a secret that is not in the vault reaches the app as its own text. So a second secret and a token are
// referred to only where they were said to exist.
var hrSecrets = toObject(
  hrSources,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_SECRET',
  s => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=hr-${s.source}-secret)'
)
var hrPreviousSecrets = toObject(
  withPrevious,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_SECRET_PREVIOUS',
  s => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=hr-${s.source}-secret-previous)'
)
var hrApiUrls = toObject(
  withApiUrl,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_API_URL',
  s => (s.apiUrl)
)
var hrEvents = toObject(
  withEvents,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_EVENTS',
  s => (s.events)
)
var hrOptions = toObject(
  withOptions,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_OPTIONS',
  s => (s.options)
)
var hrApiPhoneFields = toObject(
  withApiPhoneFields,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_API_PHONE_FIELDS',
  s => (s.apiPhoneFields)
)
var hrApiTokens = toObject(
  withApiToken,
  s => 'ONBOARDING_HR_${toUpper(replace(s.source, '-', '_'))}_API_TOKEN',
  s => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=hr-${s.source}-api-token)'
)

// Name that App Service knows: the setting holds the client id of an identity instead of a secret.
var federatedSetting = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
var credentialSetting = authCredential == 'managedIdentity' ? federatedSetting : ''

// --- resources ---------------------------------------------------------------------------------------------

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    signInName: 'id-signin-${token}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: storageName
    location: location
    tags: tags
    sku: storageSku
    packageContainer: packageContainer
    deliveriesContainer: deliveriesContainer
    // The service keeps an unresolved delivery 90 days; a week more leaves it time to do so itself. A policy file that
    // wants more is refused by `make package`, which reads the number here (scripts/package_policy.py).
    deliveriesDays: 97
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${token}'
    insightsName: 'appi-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: vaultName
    location: location
    tags: tags
    recover: recoverVault
  }
}

module rbac 'modules/rbac.bicep' = {
  name: 'rbac'
  scope: group
  params: {
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    identityPrincipalId: identity.outputs.principalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
    deployerDataAccess: deployerDataAccess
  }
}

module functionApp 'modules/functionapp.bicep' = {
  name: 'functionapp'
  scope: group
  // The host reads its locks and its package, and the platform the vault, as soon as the app is there.
  dependsOn: [ rbac ]
  params: {
    planName: 'plan-${token}'
    appName: appName
    location: location
    tags: tags
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpAlwaysReady: httpAlwaysReady
    httpConcurrency: httpConcurrency
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    signInIdentityId: identity.outputs.signInId
    packageUrl: '${storage.outputs.blobEndpoint}${packageContainer}'
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    insightsConnectionString: monitoring.outputs.connectionString
    settings: union(
      plainSettings,
      hrSecrets,
      hrPreviousSecrets,
      hrApiUrls,
      hrApiPhoneFields,
      hrApiTokens,
      hrEvents,
      hrOptions,
      { WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId },
      empty(auditHub) ? {} : {
        AuditHub__fullyQualifiedNamespace: auditHubNamespace
        AuditHub__credential: 'managedidentity'
        AuditHub__clientId: identity.outputs.clientId
      },
      empty(credentialSetting) ? {} : { '${federatedSetting}': identity.outputs.signInClientId }
    )
  }
}

module auth 'modules/auth.bicep' = if (!empty(authClientId)) {
  name: 'auth'
  scope: group
  params: {
    appName: functionApp.outputs.name
    clientId: authClientId
    otherClientIds: authOtherClientIds
    credentialSetting: credentialSetting
    unauthenticatedAction: authUnauthenticatedAction
  }
}

module diagnostics 'modules/diagnostics.bicep' = {
  name: 'diagnostics'
  scope: group
  params: {
    workspaceId: monitoring.outputs.workspaceId
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    appName: functionApp.outputs.name
  }
}

module lock 'modules/lock.bicep' = if (lockResources) {
  name: 'lock'
  scope: group
  // Last: a lock must not stand in the way of what is still being made.
  dependsOn: [ diagnostics, auth ]
}

// --- what people and scripts need to know (azd keeps these as variables of the environment) -----------------

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name
output AZURE_FUNCTION_APP_ID string = functionApp.outputs.id
output AZURE_FUNCTION_APP_HOSTNAME string = functionApp.outputs.hostname
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Application (client) id of the service\'s identity: Exchange wants it.')
output APP_IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Object id of the service\'s identity (its enterprise application): Microsoft Graph and Exchange want it.')
output APP_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Object id of the sign-in identity: subject of the registration\'s federated credential, where that is used.')
output SIGN_IN_IDENTITY_PRINCIPAL_ID string = identity.outputs.signInPrincipalId

output SIGN_IN_REDIRECT_URI string = 'https://${functionApp.outputs.hostname}/.auth/login/aad/callback'
output DASHBOARD_URL string = 'https://${functionApp.outputs.hostname}/.auth/login/aad?post_login_redirect_uri=/api/dashboard'
output SENDER_MAILBOX string = empty(sender) ? 'onboarding@${domain}' : sender

@description('Names of the secrets that have to be in the vault.')
output SECRETS_TO_SET array = concat(
  [ hashKeySecret ],
  map(hrSources, s => 'hr-${s.source}-secret'),
  map(withPrevious, s => 'hr-${s.source}-secret-previous'),
  map(withApiToken, s => 'hr-${s.source}-api-token')
)
