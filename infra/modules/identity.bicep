// Who the service is. User-assigned, so that its rights exist before the app first starts and survive a rebuilt app.

@description('Name of the identity that the code runs as: storage, vault, telemetry, Microsoft Graph, mail.')
param name string

@description('Name of the identity that proves the sign-in page to Entra. It holds no right at all.')
param signInName string

param location string
param tags object

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

// Kept apart from the first on purpose: the registration of the sign-in page trusts it as its credential, and that
// trust must not come with the rights of the service (Microsoft Learn, "Use a managed identity instead of a secret").
resource signIn 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: signInName
  location: location
  tags: tags
}

output id string = app.id
output principalId string = app.properties.principalId
output clientId string = app.properties.clientId
output signInId string = signIn.id
output signInPrincipalId string = signIn.properties.principalId
output signInClientId string = signIn.properties.clientId
