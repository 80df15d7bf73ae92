"""Compare openapi.yaml with a specification from elsewhere, and take over what that one knows."""
