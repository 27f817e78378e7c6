"""From a signed HR webhook to an Entra account that its owner can recover, with evidence.

Read the folders in the order of the data: intake → provisioning → followup; `operate` is what operators do.
"""
