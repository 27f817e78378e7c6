// Nothing in the group can be deleted until the lock is: the tables are the only copy of the truth, and whoever can
// replace the app has the rights of its identity in the whole tenant. Data inside is not covered, and need not be.
// The price: `azd down` fails until the lock is removed (az lock delete), and Azure cannot tidy the group's history of
// deployments, which is full at 800 entries (Microsoft Learn, "Lock your resources"; about nine a deployment).

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'onboarding'
  properties: {
    level: 'CanNotDelete'
    notes: 'Onboarding cases are stored here and nowhere else. Export them before you remove this lock.'
  }
}
