"""What is run by hand: permissions, mail, the deployment package. Nothing here is deployed."""
