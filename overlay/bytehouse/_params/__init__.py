"""Turn what methods take into what the API takes."""
