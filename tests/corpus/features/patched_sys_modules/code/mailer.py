def send(address, words):
    import sendgrid

    client = sendgrid.Client(key="secret")
    return client.send(to=address, body=words).status == 202
