// The app itself, on Flex Consumption (Linux; one app to a plan; no deployment slots).

param planName string
param appName string
param location string
param tags object

@allowed([ '3.11', '3.12', '3.13' ])
param pythonVersion string

@allowed([ 512, 2048, 4096 ])
param instanceMemoryMB int

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances that are kept warm for the web part, and paid for while they wait.')
@minValue(0)
@maxValue(20)
param httpAlwaysReady int

@description('Requests that one instance answers at the same time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

param identityId string
param identityClientId string
param signInIdentityId string

@description('URL of the container that deployments are written to.')
param packageUrl string

param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param insightsConnectionString string

@description('Settings of the service: plain values and references to the vault, never a secret.')
param settings object

// What the Functions host reads. Each of these by identity: no connection string, no key.
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  AzureWebJobsStorage__tableServiceUri: tableEndpoint
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  AZURE_CLIENT_ID: identityClientId
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: appName
  location: location
  // azd finds the app to deploy to by this tag.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
      '${signInIdentityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    // References to the vault are read with this identity; the default would be a system-assigned one, which is not there.
    keyVaultReferenceIdentity: identityId
    // Little else of siteConfig holds on this plan: no FTP, no linuxFxVersion, no alwaysOn.
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // HR systems wait a few seconds for an answer and some never ask again: a cold start is too long for them.
        alwaysReady: httpAlwaysReady > 0 ? [ { name: 'http', instanceCount: httpAlwaysReady } ] : []
        triggers: {
          http: { perInstanceConcurrency: httpConcurrency }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
    }
  }
}

// A resource of its own, after the app: references to the vault need the app's identity to be in place first.
resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(settings, hostSettings)
}

resource noBasicAuth 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [
  for door in [ 'ftp', 'scm' ]: {
    parent: app
    name: door
    properties: { allow: false }
  }
]

output id string = app.id
output name string = app.name
output hostname string = app.properties.defaultHostName
