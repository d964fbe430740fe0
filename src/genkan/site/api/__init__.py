"""The administration REST API, and the documents and acts that the console shares with it."""
