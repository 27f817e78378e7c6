// Secrets of the HR systems and the key of the keyed hashes. This deployment writes none of them: whoever may, puts
// them in by hand, so that no secret stands in a deployment's history or in a parameter file.

@minLength(3)
@maxLength(24)
param name string

param location string
param tags object

@description('A vault of this name was deleted less than 90 days ago: take it back, with its secrets. Purge protection keeps the name until then.')
param recover bool

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    createMode: recover ? 'recover' : 'default'
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

output name string = vault.name
