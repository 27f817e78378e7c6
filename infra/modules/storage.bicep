// What the service remembers: tables, queues and blobs. Names are those of onboarding/storage/names.py; a test compares.

@minLength(3)
@maxLength(24)
param name string

param location string
param tags object

@description('Standard_LRS keeps three copies in one building; Standard_ZRS three in different ones, where the region has them.')
@allowed([ 'Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS' ])
param sku string

@description('Container that deployments are written to. The app cannot start without it.')
param packageContainer string

@description('Container of the raw deliveries.')
param deliveriesContainer string

@description('Days after which a raw delivery is removed whatever its state. The service removes earlier; this is the net.')
@minValue(91)
param deliveriesDays int

// Each queue with its poison twin: the host would create the twin on demand, but then nothing reads it until a restart.
var queues = [
  'onboarding-work'
  'onboarding-work-poison'
  'onboarding-bulk'
  'onboarding-bulk-poison'
]

var tables = [
  'cases'
  'aliases'
  'due'
  'listings'
  'words'
  'markers'
  'operations'
  'usage'
  'deliveries'
]

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    // Identities only: no key that could leak, no anonymous reader.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    // Erased means erased: no soft delete and no versions, or `forget` would leave a person's data behind.
    deleteRetentionPolicy: { enabled: false }
    containerDeleteRetentionPolicy: { enabled: false }
    isVersioningEnabled: false
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in [ packageContainer, deliveriesContainer ]: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  // The policy is refused while the blob service is still being configured.
  dependsOn: [ blobs ]
  properties: {
    policy: {
      rules: [
        {
          name: 'raw-deliveries'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: [ 'blockBlob' ]
              // The slash keeps the rule to this container: prefixes are compared as text.
              prefixMatch: [ '${deliveriesContainer}/' ]
            }
            actions: {
              baseBlob: {
                delete: { daysAfterModificationGreaterThan: deliveriesDays }
              }
            }
          }
        }
      ]
    }
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for queueName in queues: {
    parent: queueService
    name: queueName
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' = [
  for tableName in tables: {
    parent: tableService
    name: tableName
  }
]

output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output tableEndpoint string = account.properties.primaryEndpoints.table
