TEAM = "search"
RETRIES = 2
