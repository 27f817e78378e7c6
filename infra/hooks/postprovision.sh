#!/bin/sh
# Prints what is left to do after provisioning, with this environment's names filled in. Changes nothing.
# azd runs it with the outputs of infra/main.bicep as variables. docs/deploy.md says who may do each and why.
set -eu

secrets=$(printf '%s' "${SECRETS_TO_SET:-}" | tr -d '[]"\\ ' | tr ',' ' ')

cat <<TEXT

Left to do by people; the numbers are those of docs/deploy.md:

3. Secrets into the vault (you, with Key Vault Secrets Officer; a new role takes some minutes to work). The hash key once
   and never again: stored hashes are made with it. How to make the files: docs/deploy.md.
TEXT
for secret in $secrets; do
    printf '   az keyvault secret set --output none --vault-name %s --name %s --file FILE\n' "$AZURE_KEY_VAULT_NAME" "$secret"
done
cat <<TEXT
   then let the app read them:
   az rest --method post --url "$AZURE_FUNCTION_APP_ID/config/configreferences/appsettings/refresh?api-version=2022-03-01"

4. Microsoft Graph roles (a Privileged Role Administrator):
   python scripts/grant_graph_roles.py --principal-id $APP_IDENTITY_PRINCIPAL_ID --client-id $APP_IDENTITY_CLIENT_ID --dry-run
   and the same without --dry-run.

5. The sender's mailbox (Organization Management in Exchange): prints the commands for Exchange Online PowerShell.
   python scripts/exchange_sender.py --client-id $APP_IDENTITY_CLIENT_ID --principal-id $APP_IDENTITY_PRINCIPAL_ID --sender "$SENDER_MAILBOX"

6. Sign-in of operators (an Application Administrator): docs/deploy.md; redirect URI
   $SIGN_IN_REDIRECT_URI
   then: azd env set AUTH_CLIENT_ID <application id> && azd provision

7. The code: make package, then azd deploy api --from-package build/package.zip; 8 checks it, 9 is the HR system.

Webhook of an HR system: https://$AZURE_FUNCTION_APP_HOSTNAME/api/hr/<source>
Dashboard, once 6 and 7 are done: $DASHBOARD_URL
TEXT
