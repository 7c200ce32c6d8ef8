"""How the models are made; needs the extra [train] and is never imported by the server."""
