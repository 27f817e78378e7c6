// Sign-in in front of the app (App Service Authentication). It covers the whole app except the paths below; what a
// person may do then is decided in code, by the app role in the token (onboarding/access.py).
// Until this module is deployed nobody can sign in, and the code lets nobody in: it trusts the platform's header only
// when the platform says that sign-in is on.

param appName string

@description('Application (client) id of the registration; its app roles are in infra/app-roles.json.')
param clientId string

@description('Other applications whose tokens are taken, for calls to the API by programs.')
param otherClientIds array

@description('Setting that holds the credential of the registration; empty: sign-in by ID token, which needs none.')
param credentialSetting string

@description('What a caller without a sign-in gets. Return401 fits programs and is what the API promises.')
@allowed([ 'Return401', 'RedirectToLoginPage' ])
param unauthenticatedAction string

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

var registration = {
  openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  clientId: clientId
}

resource auth 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: unauthenticatedAction
      redirectToProvider: 'azureactivedirectory'
      // The two anonymous routes of function_app.py: HR systems cannot sign in (each delivery carries a signature, which
      // the code checks), and a probe tells nothing. A trailing `/*` covers what lies below: said by Microsoft's product
      // team in MicrosoftDocs/azure-docs issue 86514, in no reference page, and not tried by us on a real app. If it
      // did not hold, an HR system would get 401: see the check after the first deployment.
      excludedPaths: [
        '/api/hr/*'
        '/api/health'
      ]
    }
    httpSettings: {
      requireHttps: true
      routes: { apiPrefix: '/.auth' }
      forwardProxy: { convention: 'NoProxy' }
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: empty(credentialSetting)
          ? registration
          : union(registration, { clientSecretSettingName: credentialSetting })
        validation: {
          allowedAudiences: [
            clientId
            'api://${clientId}'
          ]
          defaultAuthorizationPolicy: {
            // Tokens that another application of the tenant fetched are refused unless it is named.
            allowedApplications: union([ clientId ], otherClientIds)
          }
        }
      }
    }
    login: {
      // Nobody calls another service in the person's name: tokens are not kept.
      tokenStore: { enabled: false }
      cookieExpiration: {
        convention: 'FixedTime'
        timeToExpiration: '08:00:00'
      }
      nonce: {
        validateNonce: true
        nonceExpirationInterval: '00:05:00'
      }
    }
  }
}
